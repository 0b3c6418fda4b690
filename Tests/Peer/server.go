package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// handshakeTimeout ends a client that connects by TCP and never finishes TLS.
const handshakeTimeout = 30 * time.Second

type server struct {
	events        *events
	tls           *tls.Config
	role          Role
	uuid          UUID
	configuration []byte
	quiet         time.Duration

	// What a misbehaving server does in place of an honest one (misbehave.go); nil: nothing.
	answer, then func(*client) error

	mutex   sync.Mutex
	refusal string
	silence string
	last    int
	// Those to whom CONNECTED was sent and who have not gone since.
	clients map[int]*client
}

// tlsConfig demands a certificate from clients and verifies its chain for any purpose, as the
// certificates of clusters name roles and no purposes.
func tlsConfig(certificateFile string, roots *x509.CertPool) (*tls.Config, error) {
	own, err := tls.LoadX509KeyPair(certificateFile, certificateFile)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{own},
		ClientAuth:   tls.RequireAnyClientCert,
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 {
				return errors.New("the client has no certificate")
			}
			others := x509.NewCertPool()
			for _, certificate := range state.PeerCertificates[1:] {
				others.AddCert(certificate)
			}
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
				Roots:         roots,
				Intermediates: others,
				KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
			})
			return err
		},
	}, nil
}

func (s *server) accept(listener net.Listener) {
	for {
		tcp, err := listener.Accept()
		if err != nil {
			return // the listener is closed: the program ends
		}
		s.mutex.Lock()
		s.last++
		c := &client{server: s, number: s.last, tcp: tcp}
		silence := s.silence
		s.mutex.Unlock()
		if silence == "tls" {
			go c.wait()
			continue
		}
		go c.run()
	}
}

func (s *server) setRefusal(with string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.refusal = with
}

func (s *server) setSilence(at string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.silence = at
}

// conduct tells how to answer CONNECT now.
func (s *server) conduct() (refusal string, silent bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.refusal, s.silence != ""
}

// add makes a client one that commands can name, and tells which older ones have the same UUID.
func (s *server) add(c *client) (twins []int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for number, other := range s.clients {
		if other.uuid == c.uuid {
			twins = append(twins, number)
		}
	}
	s.clients[c.number] = c
	return twins
}

func (s *server) remove(c *client) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.clients, c.number)
}

// client finds a connected client; 0 stands for the newest.
func (s *server) client(number int) (*client, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if number == 0 {
		for n := range s.clients {
			if n > number {
				number = n
			}
		}
	}
	if c := s.clients[number]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("client %d is not connected", number)
}
