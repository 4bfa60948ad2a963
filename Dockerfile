# A static binary in an empty image, run by nobody in particular.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /plywire ./cmd/plywire \
 && mkdir /empty

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /plywire /plywire
# The folder has to exist with the right owner before a volume is mounted over it.
COPY --from=build --chown=65532:65532 /empty /data
USER 65532:65532
ENV PLYWIRE_DATA=/data PLYWIRE_LISTEN=:8080 PLYWIRE_ADMIN=127.0.0.1:9090 PLYWIRE_LOG_FORMAT=json
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/plywire"]
