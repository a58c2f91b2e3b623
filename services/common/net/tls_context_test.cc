#include "common/net/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

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
    const auto context = TlsContext::Server(certificate, key);
    EXPECT_EQ(context.status().code(), absl::StatusCode::kFailedPrecondition);
    return std::string(context.status().message());
  }

  TestDirectory directory_;
  const std::string certificate_ = directory_.File("tls.crt");
  const std::string key_ = directory_.File("tls.key");
};

// SPEC S2
TEST_F(TlsContextTest, ASelfSignedPairServesItsHostNameAndIsKept) {
  const auto context = TlsContext::Server(certificate_, key_);
  ASSERT_TRUE(context.ok()) << context.status();
  X509* const certificate = SSL_CTX_get0_certificate((*context)->ssl().native_handle());
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
  EXPECT_TRUE(TlsContext::Server(certificate_, key_).ok());
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

}  // namespace
}  // namespace staffetta::net
