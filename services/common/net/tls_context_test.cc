#include "common/net/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/net/server_tls.h"
#include "common/net/test_pair.h"

namespace staffetta::net {
namespace {

using testing::HasSubstr;

std::string Slurp(const std::string& file) {
  std::ifstream stream(file);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

class TlsContextTest : public testing::Test {
 protected:
  TlsContextTest() { EXPECT_TRUE(EnsureSelfSigned(certificate_, key_, "mx.example.test").ok()); }

  // The refusal; a context that was made is a failure of the test.
  static std::string Refusal(const std::string& certificate, const std::string& key) {
    const auto context = TlsContext::Server({{certificate, key}});
    EXPECT_EQ(context.status().code(), absl::StatusCode::kFailedPrecondition);
    return std::string(context.status().message());
  }

  TestDirectory directory_;
  const std::string certificate_ = directory_.File("tls.crt");
  const std::string key_ = directory_.File("tls.key");
};

// SPEC S2
TEST_F(TlsContextTest, ASelfSignedPairServesItsHostNameAndIsKept) {
  const auto context = TlsContext::Server({{certificate_, key_}});
  ASSERT_TRUE(context.ok()) << context.status();
  X509* const certificate = SSL_CTX_get0_certificate((*context)->ssl());
  EXPECT_EQ(X509_check_host(certificate, "mx.example.test", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate, "other.test", 0, 0, nullptr), 0);
  struct stat status;
  ASSERT_EQ(::stat(key_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);

  const std::string before = Slurp(certificate_);
  EXPECT_TRUE(EnsureSelfSigned(certificate_, key_, "other.test").ok());
  EXPECT_EQ(Slurp(certificate_), before);
  std::filesystem::remove(certificate_);
  EXPECT_TRUE(EnsureSelfSigned(certificate_, key_, "127.0.0.1").ok());
  EXPECT_TRUE(TlsContext::Server({{certificate_, key_}}).ok());
}

TEST_F(TlsContextTest, AHostNameCannotSmuggleIntoTheCertificate) {
  std::filesystem::remove(key_);
  for (const std::string& name : {"", "a,DNS:b", "a b", "a\n"}) {
    EXPECT_EQ(EnsureSelfSigned(certificate_, key_, name).code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
}

TEST_F(TlsContextTest, ARefusalNamesTheFileAndTheReason) {
  const std::string missing = directory_.File("missing");
  EXPECT_EQ(Refusal(missing, key_), missing + ": No such file or directory");
  EXPECT_EQ(Refusal(certificate_, missing), missing + ": No such file or directory");
  EXPECT_THAT(Refusal(key_, key_), HasSubstr(key_ + ": no usable certificate: "));
  EXPECT_THAT(Refusal(certificate_, certificate_),
              HasSubstr(certificate_ + ": no usable private key: "));
}

TEST_F(TlsContextTest, AKeyOfAnotherCertificateIsRefused) {
  const std::string other = directory_.File("other.key");
  ASSERT_TRUE(EnsureSelfSigned(directory_.File("other.crt"), other, "mx.example.test").ok());
  EXPECT_EQ(Refusal(certificate_, other), other + ": is not the key of " + certificate_);
}

TEST_F(TlsContextTest, Certificates_SayTheirNamesAndTheirEnd) {
  const auto context = TlsContext::Server({{certificate_, key_}});
  ASSERT_TRUE(context.ok()) << context.status();
  ASSERT_EQ((*context)->certificates().size(), 1U);
  const CertificateInfo& info = (*context)->certificates()[0];
  EXPECT_THAT(info.names, testing::ElementsAre("mx.example.test"));
  EXPECT_GT(info.expires, absl::Now() + absl::Hours(24 * 3000));
  EXPECT_LT(info.expires, absl::Now() + absl::Hours(24 * 4000));
}

// What clients see of a server over real connections.
class TlsServerTest : public TlsContextTest {
 protected:
  // A client's view of one handshake.
  struct Seen {
    std::string name;  // of the certificate
    bool resumed = false;
    SSL_SESSION* session = nullptr;
  };

  ~TlsServerTest() override { SSL_CTX_free(client_); }

  CertificateFiles NewPair(const std::string& host) {
    CertificateFiles files{directory_.File(host + ".crt"), directory_.File(host + ".key")};
    EXPECT_TRUE(EnsureSelfSigned(files.certificate, files.key, host).ok());
    return files;
  }

  // Both ends in memory; no socket is needed to see what they agree on.
  Seen Shake(const TlsContext& context, const std::string& server_name,
             SSL_SESSION* session = nullptr) {
    SSL* const server = SSL_new(context.ssl());
    SSL* const client = SSL_new(client_);
    BIO* here = nullptr;
    BIO* there = nullptr;
    BIO_new_bio_pair(&here, 0, &there, 0);
    SSL_set_bio(client, here, here);
    SSL_set_bio(server, there, there);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    SSL_set_tlsext_host_name(client, server_name.c_str());
    if (session != nullptr) SSL_set_session(client, session);
    char byte = 0;
    for (int i = 0; i < 10; ++i) {
      SSL_do_handshake(client);
      SSL_do_handshake(server);
    }
    SSL_write(server, "x", 1);  // behind the ticket
    EXPECT_EQ(SSL_read(client, &byte, 1), 1);
    Seen seen;
    X509* const certificate = SSL_get0_peer_certificate(client);
    char name[200] = "";
    if (certificate != nullptr) {
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                                sizeof name);
    }
    seen.name = name;
    seen.resumed = SSL_session_reused(client) == 1;
    SSL_shutdown(client);
    seen.session = SSL_get1_session(client);
    SSL_free(client);
    SSL_free(server);
    return seen;
  }

  SSL_CTX* const client_ = SSL_CTX_new(TLS_client_method());
};

// SPEC S2
TEST_F(TlsServerTest, ServerName_ChoosesTheCertificate) {
  const auto context = TlsContext::Server({{certificate_, key_}, NewPair("smtp.customer.test")});
  ASSERT_TRUE(context.ok()) << context.status();
  const std::vector<std::pair<std::string, std::string>> kTable = {
      {"mx.example.test", "mx.example.test"},       {"smtp.customer.test", "smtp.customer.test"},
      {"SMTP.Customer.Test", "smtp.customer.test"}, {"other.test", "mx.example.test"},
      {"a.smtp.customer.test", "mx.example.test"},
  };
  for (const auto& [asked, shown] : kTable) {
    const Seen seen = Shake(**context, asked);
    EXPECT_EQ(seen.name, shown) << asked;
    SSL_SESSION_free(seen.session);
  }
}

// SPEC S2
TEST_F(TlsServerTest, Session_IsResumedAlsoAfterTheCertificatesWereReadAgain) {
  const auto tickets = std::make_shared<TicketKeys>();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SSL_CTX_set_max_proto_version(client_, version);
    const auto first = *TlsContext::Server({{certificate_, key_}}, tickets);
    const auto again = *TlsContext::Server({{certificate_, key_}}, tickets);
    const Seen fresh = Shake(*first, "mx.example.test");
    EXPECT_FALSE(fresh.resumed);
    const Seen resumed = Shake(*again, "mx.example.test", fresh.session);
    EXPECT_TRUE(resumed.resumed) << version;
    SSL_SESSION_free(fresh.session);
    SSL_SESSION_free(resumed.session);
  }
}

// SPEC S2
TEST_F(TlsServerTest, TicketKey_OpensForTwoRotationsAndNoLonger) {
  FakeClock clock(absl::Now());
  const auto context =
      *TlsContext::Server({{certificate_, key_}}, std::make_shared<TicketKeys>(&clock));
  const auto resumed = [&](absl::Duration later) {
    const Seen fresh = Shake(*context, "mx.example.test");
    clock.Advance(later);
    const Seen next = Shake(*context, "mx.example.test", fresh.session);
    SSL_SESSION_free(fresh.session);
    SSL_SESSION_free(next.session);
    return next.resumed;
  };
  EXPECT_TRUE(resumed(TicketKeys::kRotation));
  EXPECT_FALSE(resumed(2 * TicketKeys::kRotation));
}

// SPEC S2
TEST_F(TlsServerTest, ChangedFiles_AreReadAgainAndBrokenOnesAreNot) {
  const auto tls = ServerTls::Load({{certificate_, key_}});
  ASSERT_TRUE(tls.ok()) << tls.status();
  const auto before = (*tls)->context();
  EXPECT_TRUE((*tls)->Refresh().ok());
  EXPECT_EQ((*tls)->context(), before);

  // A renewal writes one file after the other.
  const CertificateFiles next = NewPair("next.example.test");
  std::filesystem::rename(next.certificate, certificate_);
  EXPECT_EQ((*tls)->Refresh().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE((*tls)->Refresh().ok()) << "it is said once";
  EXPECT_EQ((*tls)->context(), before);
  std::filesystem::rename(next.key, key_);
  EXPECT_TRUE((*tls)->Refresh().ok());
  EXPECT_THAT((*tls)->context()->certificates()[0].names,
              testing::ElementsAre("next.example.test"));
  EXPECT_EQ(ServerTls::Load({{certificate_, "/missing"}}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace staffetta::net
