package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"
)

// What a slow registry sends of a layer, and how often.
const (
	slowPiece = 512
	slowPause = 100 * time.Millisecond
)

const (
	manifestType = "application/vnd.docker.distribution.manifest.v2+json"
	configType   = "application/vnd.docker.container.image.v1+json"
	layerType    = "application/vnd.docker.image.rootfs.diff.tar.gzip"
)

// registry is what docker fetches images from: it has one, under every name and tag.
type registry struct {
	manifest []byte
	// By digest.
	blobs map[string][]byte
	// The layer comes so slowly that nobody sees its end.
	isSlow bool
}

// serveRegistry serves an image of the layer in a tar file until the end of input, under names that
// begin with "slow/" slowly, and then with a layer of its own: docker fetches no layer twice at once.
//
//	peer registry 127.0.0.1:5000 LAYER.tar
func serveRegistry(arguments []string, input io.Reader, output io.Writer) error {
	if len(arguments) != 2 {
		return fmt.Errorf("usage: peer registry ADDRESS LAYER.tar")
	}
	layer, err := os.ReadFile(arguments[1])
	if err != nil {
		return err
	}
	quick, err := newRegistry(layer)
	if err != nil {
		return err
	}
	slow, err := newRegistry(append(layer, 0))
	if err != nil {
		return err
	}
	slow.isSlow = true
	names := http.NewServeMux()
	names.Handle("/v2/", quick)
	names.Handle("/v2/slow/", slow)
	listener, err := net.Listen("tcp", arguments[0])
	if err != nil {
		return err
	}
	fmt.Fprintln(output, listener.Addr())
	go http.Serve(listener, names)
	_, err = io.Copy(io.Discard, input)
	return err
}

func digest(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }

func newRegistry(layer []byte) (*registry, error) {
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       map[string]any{"Cmd": []string{"/bin/sh", "-c", "echo fetched; while :; do sleep 0.1; done"}},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{digest(layer)}},
	})
	if err != nil {
		return nil, err
	}
	part := func(mediaType string, content []byte) map[string]any {
		return map[string]any{"mediaType": mediaType, "size": len(content), "digest": digest(content)}
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2,
		"mediaType":     manifestType,
		"config":        part(configType, config),
		"layers":        []any{part(layerType, layer)},
	})
	if err != nil {
		return nil, err
	}
	return &registry{manifest: manifest, blobs: map[string][]byte{digest(config): config, digest(layer): layer}}, nil
}

// ServeHTTP answers /v2/, /v2/NAME/manifests/TAG and /v2/NAME/blobs/DIGEST.
func (r *registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	w.Header().Set("Docker-Distribution-API-Version", "registry/2.0")
	name := strings.TrimPrefix(request.URL.Path, "/v2/")
	blob := r.blobs[name[strings.LastIndex(name, "/")+1:]]
	switch {
	case name == "":
		fmt.Fprintln(w, "{}")
	case strings.Contains(name, "/manifests/"):
		w.Header().Set("Content-Type", manifestType)
		w.Header().Set("Docker-Content-Digest", digest(r.manifest))
		http.ServeContent(w, request, "", time.Time{}, bytes.NewReader(r.manifest))
	case r.isSlow && len(blob) > slowPiece*100:
		dribble(w, request, blob)
	case blob != nil:
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, request, "", time.Time{}, bytes.NewReader(blob))
	default:
		http.NotFound(w, request)
	}
}

// dribble sends content slowly, for as long as the client waits for it.
func dribble(w http.ResponseWriter, request *http.Request, content []byte) {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	for len(content) > slowPiece && request.Context().Err() == nil {
		if _, err := w.Write(content[:slowPiece]); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		content = content[slowPiece:]
		time.Sleep(slowPause)
	}
}
