{{/* What the pods of all services have in common. */}}

{{/* (root, component, plugin, values, account): the beginning of a pod's specification. */}}
{{- define "taskmanager.pod" -}}
serviceAccountName: {{ include "taskmanager.name" .root }}{{ if .account }}-{{ .account }}{{ end }}
automountServiceAccountToken: false
# else the cluster's variables for services (TASKMANAGER_...) would be taken for settings
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .root.Values.user }}
  runAsGroup: {{ .root.Values.group }}
  fsGroup: {{ .root.Values.group }}
  # a share with millions of files is not looked through at every start
  fsGroupChangePolicy: OnRootMismatch
  {{- with .root.Values.supplementalGroups }}
  supplementalGroups: {{ toJson . }}
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "taskmanager.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{- define "taskmanager.contained" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* (root, store): what every service is told. */}}
{{- define "taskmanager.environment" -}}
- name: AMQP_URL_FILE
  value: /run/accounts/amqp_url
{{- if .store }}
- name: MONGODB_URL_FILE
  value: /run/accounts/mongodb_url
{{- end }}
- name: TASKMANAGER_TOPOLOGY_PREFIX
  value: {{ .root.Values.common.topologyPrefix | quote }}
- name: TASKMANAGER_PARTITIONS
  value: {{ .root.Values.common.partitions | quote }}
- name: TASKMANAGER_LOG_FORMAT
  value: json
- name: TASKMANAGER_LOG_LEVEL
  value: {{ .root.Values.common.logLevel }}
- name: TASKMANAGER_HTTP_HOST
  value: 0.0.0.0
- name: TASKMANAGER_HTTP_PORT
  value: "8080"
{{- end }}

{{/* Values with `settings` and `env`. */}}
{{- define "taskmanager.settings" -}}
{{- range $name, $value := .settings }}
- name: {{ $name }}
  {{- /* as JSON, since Helm writes large numbers as 1e+09 */}}
  value: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
{{- end }}
{{- with .env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* (scheme): alive is not ready: who waits for a database need not be started again. */}}
{{- define "taskmanager.probes" -}}
{{- $scheme := .scheme | default "HTTP" -}}
startupProbe:
  httpGet: {path: /health/live, port: http, scheme: {{ $scheme }}}
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /health/live, port: http, scheme: {{ $scheme }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /health/ready, port: http, scheme: {{ $scheme }}}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 3
{{- end }}

{{/* (secret): the accounts of one process, and /tmp. */}}
{{- define "taskmanager.volumes" -}}
- name: accounts
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
- name: tmp
  emptyDir:
    sizeLimit: {{ .tmp | default "256Mi" }}
{{- end }}

{{- define "taskmanager.mounts" -}}
- name: accounts
  mountPath: /run/accounts
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- end }}
