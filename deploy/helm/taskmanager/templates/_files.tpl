{{/* The folders of jobs, and the file about Goobi. */}}

{{/* (folders): each claim once, although several folders may be in one. */}}
{{- define "taskmanager.claims" -}}
{{- $claims := list -}}
{{- range .folders }}{{ $claims = append $claims (required (printf "files.folders: %s needs a `claim`, since the transport is shared" .path) .claim) }}{{ end -}}
{{- range $number, $claim := uniq $claims }}
- name: files-{{ $number }}
  persistentVolumeClaim:
    claimName: {{ $claim }}
{{- end }}
{{- end }}

{{/* (folders, readOnly) */}}
{{- define "taskmanager.folders" -}}
{{- $claims := list -}}
{{- range .folders }}{{ $claims = append $claims .claim }}{{ end -}}
{{- $claims = uniq $claims -}}
{{- range $folder := .folders }}
{{- range $number, $claim := $claims }}
{{- if eq $claim $folder.claim }}
- name: files-{{ $number }}
  mountPath: {{ $folder.path }}
  {{- with $folder.subPath }}
  subPath: {{ . }}
  {{- end }}
  {{- if or $.readOnly $folder.readOnly }}
  readOnly: true
  {{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* (files): the roots as the services read them. */}}
{{- define "taskmanager.roots" -}}
{{- $paths := list -}}
{{- range .folders }}{{ $paths = append $paths .path }}{{ end -}}
{{- join ":" $paths -}}
{{- end }}

{{- define "taskmanager.paths" -}}
{{- $pairs := list -}}
{{- range $stored, $here := .paths }}{{ $pairs = append $pairs (printf "%s=%s" $stored $here) }}{{ end -}}
{{- join ":" $pairs -}}
{{- end }}

{{- define "taskmanager.hasGoobi" -}}
{{- if or .Values.goobi.file .Values.goobi.existingConfigMap }}yes{{ end -}}
{{- end }}

{{/* (root, secrets): the file, and for those who talk to Goobi the secrets it names. */}}
{{- define "taskmanager.goobi.volumes" -}}
{{- if include "taskmanager.hasGoobi" .root }}
- name: goobi
  configMap:
    name: {{ .root.Values.goobi.existingConfigMap | default (printf "%s-goobi" (include "taskmanager.name" .root)) }}
{{- if and .secrets .root.Values.goobi.existingSecret }}
- name: goobi-secrets
  secret:
    secretName: {{ .root.Values.goobi.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- end }}
{{- end }}

{{- define "taskmanager.goobi.mounts" -}}
{{- if include "taskmanager.hasGoobi" .root }}
- name: goobi
  mountPath: /etc/taskmanager/goobi
  readOnly: true
{{- if and .secrets .root.Values.goobi.existingSecret }}
- name: goobi-secrets
  mountPath: /run/goobi
  readOnly: true
{{- end }}
{{- end }}
{{- end }}

{{- define "taskmanager.goobi.environment" -}}
{{- if include "taskmanager.hasGoobi" . }}
- name: TASKMANAGER_GOOBI
  value: /etc/taskmanager/goobi/goobi.toml
{{- end }}
{{- end }}

{{/* A pod starts again when what it reads at its start has changed. */}}
{{- define "taskmanager.goobi.checksum" -}}
{{- with .Values.goobi.file }}
checksum/goobi: {{ sha256sum . }}
{{- end }}
{{- end }}
