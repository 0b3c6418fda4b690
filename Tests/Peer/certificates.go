package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// roleOIDs is what the object identifiers of roles begin with.
var roleOIDs = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 343, 8}

// rsaBits is the size that existing clusters use.
const rsaBits = 2048

// certificateDays is long enough for a test and short enough not to be taken for a real one.
const certificateDays = 30

func (r role) identifier() asn1.ObjectIdentifier {
	return append(append(asn1.ObjectIdentifier{}, roleOIDs...), r.oid)
}

// rolesOf reads the roles that a certificate backs.
func rolesOf(certificate *x509.Certificate) Role {
	var backed Role
	for _, usage := range certificate.UnknownExtKeyUsage {
		for _, r := range roles {
			if usage.Equal(r.identifier()) {
				backed |= r.bit
			}
		}
	}
	return backed
}

// identity is a certificate with its key.
type identity struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// certificateMaker makes the certificates of one cluster.
type certificateMaker struct {
	hosts   []string
	rsa     bool
	expired bool
	serial  int64
}

// issue makes a certificate like those of existing clusters: usable for anything, with the
// roles as further usages and neither serverAuth nor clientAuth. A nil issuer is the subject itself.
func (m *certificateMaker) issue(name string, mask Role, authority bool, issuer *identity) (*identity, error) {
	var key crypto.Signer
	var err error
	if m.rsa {
		key, err = rsa.GenerateKey(rand.Reader, rsaBits)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return nil, err
	}
	m.serial++
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(m.serial),
		Subject:               pkix.Name{Organization: []string{"SSNTP test"}, CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(certificateDays * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		BasicConstraintsValid: true,
		IsCA:                  authority,
	}
	if authority {
		template.KeyUsage |= x509.KeyUsageCertSign
	} else if m.expired {
		template.NotBefore = time.Now().Add(-2 * time.Hour)
		template.NotAfter = time.Now().Add(-time.Hour)
	}
	if mask != 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
		for _, r := range roles {
			if mask&r.bit != 0 {
				template.UnknownExtKeyUsage = append(template.UnknownExtKeyUsage, r.identifier())
			}
		}
		for _, host := range m.hosts {
			if ip := net.ParseIP(host); ip != nil {
				template.IPAddresses = append(template.IPAddresses, ip)
			} else {
				template.DNSNames = append(template.DNSNames, host)
			}
		}
	}
	if issuer == nil {
		issuer = &identity{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.certificate, key.Public(), issuer.key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &identity{certificate, key}, nil
}

// pem is the certificate and, if wanted, the key behind it: the order that SSNTP's programs expect.
func (i *identity) pem(withKey bool) ([]byte, error) {
	var out bytes.Buffer
	if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: i.certificate.Raw}); err != nil {
		return nil, err
	}
	if withKey {
		block := &pem.Block{}
		switch key := i.key.(type) {
		case *rsa.PrivateKey:
			block.Type, block.Bytes = "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)
		case *ecdsa.PrivateKey:
			der, err := x509.MarshalECPrivateKey(key)
			if err != nil {
				return nil, err
			}
			block.Type, block.Bytes = "EC PRIVATE KEY", der
		}
		if err := pem.Encode(&out, block); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func identityOf(pair tls.Certificate) (*identity, error) {
	certificate, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, err
	}
	key, canSign := pair.PrivateKey.(crypto.Signer)
	if !canSign {
		return nil, errors.New("the key cannot sign")
	}
	return &identity{certificate, key}, nil
}

// makeCertificates is the subcommand "certs".
func makeCertificates(arguments []string) error {
	flags := flag.NewFlagSet("certs", flag.ExitOnError)
	hosts := flags.String("hosts", "localhost,127.0.0.1", "names and addresses that the certificates are for")
	selfSigned := flags.Bool("self-signed", false, "the CA is the server's own self-signed certificate, as clusters may have it")
	useRSA := flags.Bool("rsa", false, "RSA keys of 2048 bits instead of ECDSA P-256")
	expired := flags.Bool("expired", false, "the certificates that the CA issues have expired")
	serverRole := flags.String("role", "scheduler", "the role of server.pem")
	if len(arguments) == 0 || strings.HasPrefix(arguments[0], "-") {
		return fmt.Errorf("usage: peer certs DIR [flags]")
	}
	directory := arguments[0]
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	of, err := roleNamed(*serverRole)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return err
	}
	maker := &certificateMaker{hosts: strings.Split(*hosts, ","), rsa: *useRSA, expired: *expired}

	var authority, server *identity
	if *selfSigned {
		server, err = maker.issue(of.name, of.bit, true, nil)
		authority = server
	} else if authority, err = maker.issue("CA", 0, true, nil); err == nil {
		server, err = maker.issue(of.name, of.bit, false, authority)
	}
	if err != nil {
		return err
	}
	files := map[string]*identity{"ca.pem": authority, "authority.pem": authority, "server.pem": server}
	for _, name := range []string{"agent", "netagent"} {
		client, err := roleNamed(name)
		if err != nil {
			return err
		}
		if files[name+".pem"], err = maker.issue(name, client.bit, false, authority); err != nil {
			return err
		}
	}
	for name, owner := range files {
		content, err := owner.pem(name != "ca.pem")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
