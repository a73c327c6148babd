{{/* deidstream.yaml: what the values say, and what follows from them. */}}
{{- define "deidstream.config" -}}
{{- $config := deepCopy .Values.config }}
{{- $chains := include "deidstream.chains" . | fromYaml }}
{{- $listed := list }}
{{- $replicas := dict }}
{{- range $name, $chain := $chains }}
{{- $listed = append $listed $chain.stages }}
{{- $count := max (int ($chain.replicas | default 1)) (int ($chain.maxReplicas | default 1)) }}
{{- if gt $count 1 }}{{ $_ := set $replicas (first $chain.stages) $count }}{{ end }}
{{- end }}
{{- $ours := dict "state" "/var/lib/deidstream" "keys" "/run/deidstream/keys" "keys_provided" true "chains" $listed "replicas" $replicas }}
{{- $_ := set $ours "health" (dict "host" "0.0.0.0" "port" 9464) }}
{{- with .Values.kafka }}
{{- if .servers }}
{{- $_ := set $ours "bus" (printf "kafka://%s%s" .servers (ternary "" (printf "/%s" .prefix) (empty .prefix))) }}
{{- $client := dict "protocol" .protocol }}
{{- if hasPrefix "SASL" .protocol }}{{ $_ := set $client "mechanism" .mechanism }}{{ end }}
{{- if .ca.secret }}{{ $_ := set $client "ca" "/run/deidstream/kafka/ca.pem" }}{{ end }}
{{- $_ := set $ours "kafka" (merge $client (dig "deployment" "kafka" dict $.Values.config | default dict)) }}
{{- end }}
{{- end }}
{{- with .Values.database.url }}{{ $_ := set $ours "database" . }}{{ end }}
{{- with .Values.artifacts }}
{{- if .url }}
{{- $_ := set $ours "artifacts" .url }}
{{- $access := dict }}
{{- if .credentials.secret }}{{ $_ := set $access "credentials" "/run/deidstream/artifacts/credentials" }}{{ end }}
{{- if .ca.secret }}{{ $_ := set $access "ca" "/run/deidstream/artifacts/ca.crt" }}{{ end }}
{{- $_ := set $ours "artifacts_access" $access }}
{{- end }}
{{- end }}
{{- $_ := set $config "deployment" (merge $ours (get $config "deployment" | default dict)) }}
{{- range $kind := list "mllp" "fhir" "dicom" "stow" }}
{{- range dig "ingest" $kind list $config }}{{ if not (hasKey . "host") }}{{ $_ := set . "host" "0.0.0.0" }}{{ end }}{{ end }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{/* The listeners of ingest, as YAML: {list: [{name, port}]}. */}}
{{- define "deidstream.listeners" -}}
{{- $found := list }}
{{- $usual := dict "mllp" 2575 "fhir" 8080 "dicom" 11112 "stow" 8043 }}
{{- range $kind, $port := $usual }}
{{- range dig "ingest" $kind list $.Values.config }}
{{- $number := int (get . "port" | default $port) }}
{{- $found = append $found (dict "name" (printf "%s-%d" $kind $number) "port" $number) }}
{{- end }}
{{- end }}
{{- toYaml (dict "list" $found) }}
{{- end }}
