package redisclient

import (
	"crypto/x509"
	"errors"
	"io"
	"net"
)

// Explain says what an operator should know of an error of connecting, as far as it can be told; empty where it cannot.
func (t Target) Explain(err error) string {
	var stranger x509.UnknownAuthorityError
	var other x509.HostnameError
	var late net.Error
	switch {
	case errors.As(err, &stranger):
		return "the server's certificate is of an authority that is not known here: name its file with ?ca=FILE in the URL"
	case errors.As(err, &other):
		return "the server's certificate is for another name than the URL's"
	case errors.Is(err, io.EOF) && t.tls == nil:
		return "the server closes the connection at once: if it speaks TLS, the URL begins with rediss://"
	case t.tls != nil && (errors.Is(err, io.EOF) || errors.As(err, &late) && late.Timeout()):
		return "there is no TLS handshake: if the server does not speak TLS, the URL begins with redis://"
	case errors.As(err, &late) && late.Timeout():
		return "no answer in time"
	}
	return ""
}
