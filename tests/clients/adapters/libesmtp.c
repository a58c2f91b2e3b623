// Submits a message: libesmtp HOST:PORT TRANSPORT CA USER PASSWORD SENDER FILE RECIPIENT...
#include <stdio.h>
#include <string.h>

#include <openssl/ssl.h>

// libesmtp.h declares its TLS calls only behind OpenSSL's header.
#include <auth-client.h>
#include <libesmtp.h>

static int Credentials(auth_client_request_t request, char **result, int fields, void *user_password) {
  for (int i = 0; i < fields; ++i) {
    int is_password = (request[i].flags & AUTH_PASS) != 0;
    int is_user = (request[i].flags & AUTH_USER) != 0;
    result[i] = is_password || is_user ? ((char **)user_password)[is_password] : NULL;
  }
  return 1;
}

static int Fail(const char *what, const smtp_status_t *status) {
  if (status != NULL) {
    fprintf(stderr, "%s: %d %d.%d.%d %s\n", what, status->code, status->enh_class, status->enh_subject,
            status->enh_detail, status->text);
  } else {
    char text[256] = "";
    fprintf(stderr, "%s: %s\n", what, smtp_strerror(smtp_errno(), text, sizeof text));
  }
  return 1;
}

// libESMTP fails the session when the certificate does not verify, unless this says that it may.
static void Event(smtp_session_t session, int event, void *argument, ...) {
  (void)session, (void)event, (void)argument;
}

int main(int count, char **words) {
  if (count < 9) return 2;
  auth_client_init();
  smtp_session_t session = smtp_create_session();
  smtp_set_server(session, words[1]);
  smtp_set_hostname(session, "client.example");
  smtp_set_eventcb(session, Event, NULL);
  if (strcmp(words[2], "starttls") == 0) {
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_locations(tls, words[3], NULL);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    // It reads before it writes its EHLO when something has arrived behind the handshake, as the
    // session tickets of TLS 1.3 do, and then waits for ever for a reply to what it has not sent.
    SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
    smtp_starttls_set_ctx(session, tls);
    smtp_starttls_enable(session, Starttls_REQUIRED);
  }
  auth_context_t auth = auth_create_context();
  auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0);
  auth_set_interact_cb(auth, Credentials, &words[4]);
  smtp_auth_set_context(session, auth);

  smtp_message_t message = smtp_add_message(session);
  smtp_set_reverse_path(message, words[6]);
  FILE *file = fopen(words[7], "rb");
  if (file == NULL) return 2;
  smtp_set_message_fp(message, file);
  for (int i = 8; i < count; ++i) smtp_add_recipient(message, words[i]);

  if (!smtp_start_session(session)) return Fail("session", NULL);
  const smtp_status_t *status = smtp_reverse_path_status(message);
  if (status->code != 250) return Fail("MAIL", status);
  status = smtp_message_transfer_status(message);
  return status->code == 250 ? 0 : Fail("message", status);
}
