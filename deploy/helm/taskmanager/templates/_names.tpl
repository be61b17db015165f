{{/* Names, labels and images. */}}

{{- define "taskmanager.name" -}}
{{- $own := .Values.fullnameOverride | default (ternary .Release.Name (printf "%s-taskmanager" .Release.Name) (contains "taskmanager" .Release.Name)) -}}
{{- $own | trunc 24 | trimSuffix "-" -}}
{{- end }}

{{/* (root, component): what chooses pods, so it must never change. */}}
{{- define "taskmanager.selector" -}}
app.kubernetes.io/name: taskmanager
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .plugin }}
taskmanager/plugin: {{ . }}
{{- end }}
{{- end }}

{{/* Of pods: without versions, so that a new chart with the same images starts nothing again. */}}
{{- define "taskmanager.podLabels" -}}
{{ include "taskmanager.selector" . }}
app.kubernetes.io/part-of: taskmanager
{{- end }}

{{- define "taskmanager.labels" -}}
{{ include "taskmanager.podLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* (root, name): by digest where there is one; a whole reference stays as it is. */}}
{{- define "taskmanager.image" -}}
{{- $image := .root.Values.image -}}
{{- $place := ternary "" (printf "%s/" (trimSuffix "/" $image.registry)) (empty $image.registry) -}}
{{- if regexMatch "[/:@]" .name -}}
{{ .name }}
{{- else if get $image.digests .name -}}
{{ $place }}{{ .name }}@{{ get $image.digests .name }}
{{- else -}}
{{ $place }}{{ .name }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* The values of one plugin: its own before those of all runners. */}}
{{- define "taskmanager.plugin" -}}
{{- $own := deepCopy (.own | default dict) -}}
{{- $files := mergeOverwrite (deepCopy .root.Values.files) (get $own "files" | default dict) -}}
{{- $scaling := get $own "scaling" | default .root.Values.runners.scaling -}}
{{- $all := mergeOverwrite (omit (deepCopy .root.Values.runners) "scaling") (omit $own "scaling") (dict "files" $files) -}}
{{- set $all "scaling" $scaling | toJson -}}
{{- end }}

{{/* What there is of plugins: a list of {name, set, secret, values}. */}}
{{- define "taskmanager.plugins" -}}
{{- $plugins := list -}}
{{- range $name, $own := .Values.plugins -}}
{{- $values := include "taskmanager.plugin" (dict "root" $ "own" $own) | fromJson -}}
{{- if ne (get $values "enabled" | toString) "false" -}}
{{- $set := printf "%s-runner-%s" (include "taskmanager.name" $) $name -}}
{{- if gt (len $set) 52 -}}
{{- fail (printf "plugins.%s: the name %s is longer than the 52 characters that Kubernetes allows; set a shorter fullnameOverride" $name $set) -}}
{{- end -}}
{{- include "taskmanager.scaling" (dict "name" $name "scaling" $values.scaling "orchestrator" $.Values.orchestrator.enabled) -}}
{{- $secret := get $values "existingSecret" | default $set -}}
{{- $plugins = append $plugins (dict "name" $name "set" $set "secret" $secret "values" $values) -}}
{{- end -}}
{{- end -}}
{{- $plugins | toJson -}}
{{- end }}

{{/* (name, scaling, orchestrator): refuses two that would scale one set. */}}
{{- define "taskmanager.scaling" -}}
{{- $where := printf "plugins.%s.scaling" .name -}}
{{- $allowed := dict "values" list "keda" (list "min" "max") "orchestrator" (list "most") -}}
{{- $by := .scaling.by | default "values" -}}
{{- range $key := list "min" "max" "most" -}}
{{- if and (hasKey $.scaling $key) (not (has $key (get $allowed $by))) -}}
{{- fail (printf "%s: `%s` is given, but by is %s; one set is scaled by one: `min` and `max` belong to keda, `most` to orchestrator" $where $key $by) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $by "keda") (not (hasKey .scaling "max")) }}{{ fail (printf "%s: by is keda, so `max` is needed" $where) }}{{ end -}}
{{- if and (eq $by "keda") (gt (.scaling.min | default 0 | int) (.scaling.max | int)) }}{{ fail (printf "%s: min is above max" $where) }}{{ end -}}
{{- if and (eq $by "orchestrator") (not (hasKey .scaling "most")) }}{{ fail (printf "%s: by is orchestrator, so `most` is needed" $where) }}{{ end -}}
{{- if and (eq $by "orchestrator") (not .orchestrator) }}{{ fail (printf "%s: by is orchestrator, but orchestrator.enabled is false" $where) }}{{ end -}}
{{- end }}
