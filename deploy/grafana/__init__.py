"""The Grafana dashboards as code: `make dashboards` writes them as JSON, with which Grafana starts."""
