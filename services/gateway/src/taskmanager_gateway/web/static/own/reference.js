// The HTTP API in Swagger UI. Requests that are tried out carry the token of "Authorize", or the log-in of this browser.

const csrf = document.querySelector('meta[name="csrf"]').content;

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  filter: true,
  validatorUrl: null, // it is on a public network
  requestInterceptor: (request) => {
    if (csrf) request.headers["X-CSRF-Token"] = csrf;
    return request;
  },
});
