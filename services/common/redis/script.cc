#include "common/redis/script.h"

#include <openssl/evp.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "common/metrics/figures.h"

namespace staffetta::redis {
namespace {

std::string Sha1Hex(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  // Fails only where SHA-1 is switched off; an empty hash then makes Redis answer with an error.
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr) != 1) size = 0;
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), static_cast<size_t>(size)));
}

}  // namespace

Script::Script(std::string_view name, std::string source) {
  std::string sha1 = Sha1Hex(source);
  metrics::Histogram& seconds = metrics::NewSeconds(
      "staffetta_redis_script_seconds",
      "From the call of a script to its answer, the way there and the wait for replicas included.",
      {{"script", std::string(name)}});
  data_ = std::make_shared<const Data>(
      Data{std::string(name), std::move(source), std::move(sha1), &seconds});
}

}  // namespace staffetta::redis
