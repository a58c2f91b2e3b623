#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "common/base/co.h"
#include "common/net/tls_context.h"

namespace staffetta::net {
namespace {

constexpr long kTenYears = 10L * 365 * 24 * 3600;
constexpr size_t kLongestCommonName = 64;  // RFC 5280, ub-common-name

template <class T, void (*free)(T*)>
struct Free {
  void operator()(T* value) const { free(value); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509, X509_free>>;

absl::Status Failed(const std::string& file, int error) {
  return absl::UnavailableError(absl::StrCat(file, ": ", std::strerror(error)));
}

// The extension's syntax has commas and colons of its own.
bool IsHostname(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c < 0x80 && std::isalnum(c)) || c == '-' || c == '.' || c == ':';
  });
}

bool AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  const absl::Cleanup free = [&] { X509_EXTENSION_free(extension); };
  return X509_add_ext(certificate, extension, -1) == 1;
}

Certificate Sign(EVP_PKEY* key, const std::string& hostname) {
  Certificate certificate(X509_new());
  uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  boost::system::error_code no_address;
  asio::ip::make_address(hostname, no_address);

  X509_NAME* const name = X509_get_subject_name(certificate.get());
  const std::string common_name = hostname.size() <= kLongestCommonName ? hostname : "staffetta";
  const bool made =
      X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1) == 1 &&
      X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kTenYears) != nullptr &&
      X509_set_pubkey(certificate.get(), key) == 1 &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                 -1, 0) == 1 &&
      X509_set_issuer_name(certificate.get(), name) == 1 &&
      AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
      AddExtension(certificate.get(), NID_subject_alt_name,
                   absl::StrCat(no_address ? "DNS:" : "IP:", hostname)) &&
      X509_sign(certificate.get(), key, EVP_sha256()) != 0;
  return made ? std::move(certificate) : nullptr;
}

// Others see the whole file or none.
template <class Writer>
absl::Status WriteFile(const std::string& file, mode_t mode, Writer writer) {
  const std::string temporary = file + ".new";
  ::unlink(temporary.c_str());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return Failed(temporary, errno);
  FILE* const stream = ::fdopen(fd, "w");
  bool written = writer(stream) == 1;
  written = std::fflush(stream) == 0 && ::fsync(fd) == 0 && written;
  const int error = errno;
  std::fclose(stream);
  if (!written) return Failed(temporary, error);
  if (std::rename(temporary.c_str(), file.c_str()) != 0) return Failed(file, errno);
  return absl::OkStatus();
}

}  // namespace

absl::Status EnsureSelfSigned(const std::string& certificate_file, const std::string& key_file,
                              const std::string& hostname) {
  const std::string directory = std::filesystem::absolute(key_file).parent_path().string();
  const int lock = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return Failed(directory, errno);
  const absl::Cleanup unlock = [&] { ::close(lock); };
  // Processes that start at once must not end with one's key and the other's certificate.
  if (::flock(lock, LOCK_EX) != 0) return Failed(directory, errno);
  if (::access(certificate_file.c_str(), F_OK) == 0 && ::access(key_file.c_str(), F_OK) == 0) {
    return absl::OkStatus();
  }
  if (!IsHostname(hostname)) {
    return absl::InvalidArgumentError(absl::StrCat("no host name: \"", hostname, "\""));
  }
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return absl::InternalError("no EC key could be made");
  const Certificate certificate = Sign(key.get(), hostname);
  if (certificate == nullptr) {
    return absl::InternalError(absl::StrCat("no certificate could be made for ", hostname));
  }
  const absl::Status status = WriteFile(key_file, 0600, [&](FILE* stream) {
    return PEM_write_PrivateKey(stream, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  if (!status.ok()) return status;
  return WriteFile(certificate_file, 0644,
                   [&](FILE* stream) { return PEM_write_X509(stream, certificate.get()); });
}

}  // namespace staffetta::net
