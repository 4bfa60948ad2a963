package auth

import (
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// FuzzKeySet reads any answer of an issuer as a key set: it is refused, or all its keys are public ones, of the algorithms
// that are taken, and a token finds none that is not among them.
func FuzzKeySet(f *testing.F) {
	const ed = `{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	const rsa = `{"kty":"RSA","kid":"b","alg":"RS256","use":"sig","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}`
	for _, text := range []string{
		`{"keys":[` + ed + `,` + rsa + `]}`, `{"keys":[` + ed + `,` + ed + `]}`, `{"keys":[{"kty":"oct","k":"AAAA"}]}`, `{"keys":[null,7,{}]}`, `[]`, `{"keys":{}}`,
		`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`,
		`{"keys":[{"kty":"RSA","e":"AQ","n":"AQAB"},{"kty":"RSA","e":"","n":""}]}`,
	} {
		f.Add([]byte(text), "a")
	}
	f.Fuzz(func(t *testing.T, raw []byte, id string) {
		set, err := readKeySet(raw)
		if err != nil {
			if set != nil || err.Error() == "" {
				t.Errorf("%v, %v", set, err)
			}
			return
		}
		if n := len(set.names); n == 0 || n+len(set.skipped) > jwksKeysMax {
			t.Errorf("%d keys are taken and %d are not", n, len(set.skipped))
		}
		if again, err := readKeySet(raw); err != nil || !again.same(set) {
			t.Errorf("read again it is another: %v", err)
		}
		for _, alg := range []jwt.SigningMethod{jwt.SigningMethodRS256, jwt.SigningMethodEdDSA, jwt.SigningMethodHS256} {
			token := &jwt.Token{Method: alg, Header: map[string]any{"alg": alg.Alg(), "kid": id}}
			for _, found := range append(set.find(token, id), set.find(token, "")...) {
				if _, secret := found.([]byte); secret || found == nil {
					t.Errorf("a key of type %T", found)
				}
			}
		}
	})
}
