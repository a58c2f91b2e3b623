#include "gateway/server.h"

#include <absl/strings/str_join.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "common/base/log.h"
#include "common/net/tls_context.h"

namespace staffetta::gateway {

SmtpServer::SmtpServer(const Runtime& runtime, Options options, Backends backends)
    : runtime_(runtime),
      options_(std::move(options)),
      memory_(options_.max_memory),
      limits_(options_.max_sessions, options_.max_sessions_per_address),
      surroundings_{.settings = options_.session, .backends = backends, .memory = &memory_},
      listening_(runtime.executor(0), "gateway listeners") {
  for (size_t i = 0; i < runtime_.size(); ++i) {
    groups_.push_back(
        std::make_unique<SessionGroup>(runtime_.executor(i), &surroundings_, &limits_));
  }
}

SmtpServer::~SmtpServer() = default;

absl::Status SmtpServer::Start() {
  if (!options_.tls_certificate.empty()) {
    auto tls = net::TlsContext::Server(options_.tls_certificate, options_.tls_key);
    if (!tls.ok()) return tls.status();
    surroundings_.tls = *std::move(tls);
  }
  const absl::Status bound = Bind();
  if (!bound.ok()) return bound;
  for (const auto& group : groups_) {
    asio::post(group->executor(), [group = group.get()] { group->Start(); });
  }
  const auto choose = [this] { return groups_[next_group_++ % groups_.size()]->executor(); };
  const auto accepted = [this](Executor executor, std::unique_ptr<net::Stream> stream) {
    Deal(executor, std::move(stream));
  };
  for (const auto& listener : listeners_) listening_.Spawn(listener->Run(choose, accepted));
  log::Info("SMTP on ports {}", absl::StrJoin(ports(), ","));
  return absl::OkStatus();
}

absl::Status SmtpServer::Bind() {
  absl::Status first_failure = absl::UnavailableError("no SMTP port is configured");
  size_t failures = 0;
  for (const uint16_t port : options_.ports) {
    auto listener = net::Listener::Bind(runtime_.executor(0), options_.address, port);
    if (listener.ok()) {
      listeners_.push_back(*std::move(listener));
      continue;
    }
    log::Warn("SMTP port skipped: {}", listener.status().ToString());
    if (failures++ == 0) first_failure = listener.status();
  }
  return listeners_.empty() ? first_failure : absl::OkStatus();
}

void SmtpServer::Deal(Executor executor, std::unique_ptr<net::Stream> stream) {
  for (const auto& group : groups_) {
    if (group->executor() != executor) continue;
    asio::post(executor, [group = group.get(), stream = std::move(stream)]() mutable {
      group->Take(std::move(stream));
    });
    return;
  }
}

Co<void> SmtpServer::Stop() {
  for (const auto& listener : listeners_) listener->Close();
  co_await listening_.Wait();
  for (const auto& group : groups_) {
    co_await asio::co_spawn(group->executor(), group->Drain(), use_co);
  }
  const auto deadline =
      std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(options_.drain_timeout);
  for (const auto& group : groups_) {
    co_await asio::co_spawn(group->executor(), group->Finish(deadline), use_co);
  }
}

std::vector<uint16_t> SmtpServer::ports() const {
  std::vector<uint16_t> ports;
  for (const auto& listener : listeners_) ports.push_back(listener->port());
  return ports;
}

}  // namespace staffetta::gateway
