// Submits a letter: go_smtp LETTER.json
package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

type letter struct {
	Host, Transport, Auth, User, Password, Sender, Raw string
	Port                                               int
	Recipients                                         []string
	SMTPUTF8                                           bool
}

func check(err error) {
	if refusal, ok := err.(*smtp.SMTPError); ok {
		code := refusal.EnhancedCode // which its Error() leaves out
		log.Fatalf("%d %d.%d.%d %s", refusal.Code, code[0], code[1], code[2], refusal.Message)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func dial(l letter) (*smtp.Client, error) {
	address := fmt.Sprintf("%s:%d", l.Host, l.Port)
	if l.Transport == "tls" {
		return smtp.DialTLS(address, nil)
	}
	return smtp.Dial(address)
}

func mechanism(l letter) sasl.Client {
	switch l.Auth {
	case "PLAIN":
		return sasl.NewPlainClient("", l.User, l.Password)
	case "LOGIN":
		return sasl.NewLoginClient(l.User, l.Password)
	case "XOAUTH2":
		return sasl.NewXoauth2Client(l.User, l.Password)
	default:
		return sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: l.User, Token: l.Password})
	}
}

func main() {
	var l letter
	file, err := os.ReadFile(os.Args[1])
	check(err)
	check(json.Unmarshal(file, &l))
	client, err := dial(l)
	check(err)
	check(client.Hello("client.example"))
	if l.Transport == "starttls" {
		check(client.StartTLS(&tls.Config{ServerName: l.Host}))
	}
	check(client.Auth(mechanism(l)))
	check(client.Mail(l.Sender, &smtp.MailOptions{UTF8: l.SMTPUTF8}))
	for _, recipient := range l.Recipients {
		check(client.Rcpt(recipient))
	}
	content, err := os.ReadFile(l.Raw)
	check(err)
	writer, err := client.Data()
	check(err)
	_, err = writer.Write(content)
	check(err)
	check(writer.Close())
	check(client.Quit())
}
