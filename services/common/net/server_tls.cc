#include "common/net/server_tls.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <utility>

#include "common/base/log.h"

namespace staffetta::net {

absl::StatusOr<std::unique_ptr<ServerTls>> ServerTls::Load(std::vector<CertificateFiles> files) {
  std::unique_ptr<ServerTls> tls(new ServerTls(std::move(files), std::make_shared<TicketKeys>()));
  const absl::Status loaded = tls->Refresh();
  if (!loaded.ok()) return loaded;
  return tls;
}

std::shared_ptr<const TlsContext> ServerTls::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

absl::Status ServerTls::Refresh() {
  // Before the files are read: what changes meanwhile is found at the next look.
  std::string signature = Signature();
  const std::lock_guard lock(mutex_);
  if (signature == signature_) return absl::OkStatus();
  signature_ = std::move(signature);
  auto context = TlsContext::Server(files_, tickets_);
  if (!context.ok()) return context.status();
  for (const CertificateInfo& certificate : (*context)->certificates()) {
    if (certificate.expires > absl::Now()) continue;
    log::Warn("{}: the certificate has expired on {}", certificate.file,
              absl::FormatTime(absl::RFC3339_sec, certificate.expires, absl::UTCTimeZone()));
  }
  context_ = *std::move(context);
  return absl::OkStatus();
}

std::string ServerTls::Signature() const {
  std::string signature;
  for (const CertificateFiles& pair : files_) {
    for (const std::string& file : {pair.certificate, pair.key}) {
      struct stat status = {};
      if (::stat(file.c_str(), &status) != 0) status = {};
      absl::StrAppend(&signature, status.st_dev, ":", status.st_ino, ":", status.st_size, ":",
                      status.st_mtim.tv_sec, ".", status.st_mtim.tv_nsec, ";");
    }
  }
  return signature;
}

}  // namespace staffetta::net
