#include "gateway/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "common/base/log.h"

namespace staffetta::gateway {
namespace {

constexpr std::chrono::seconds kLookEvery(2);
// Descriptors for all but listeners and sessions: Redis, gRPC, remote mail servers, files.
constexpr int64_t kOtherFiles = 1000;

// A session more than there are descriptors would take one from those who have mail under way.
int SessionsThatFit(const Options& options) {
  rlimit files = {};
  ::getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur == RLIM_INFINITY) return options.max_sessions;
  const auto left = static_cast<int64_t>(files.rlim_cur) - kOtherFiles -
                    static_cast<int64_t>(options.listeners.size());
  if (left >= options.max_sessions) return options.max_sessions;
  const int fitting = static_cast<int>(std::max<int64_t>(left, 1));
  log::Warn("the limit of open files, {}, leaves room for {} sessions, not for {}; raise it",
            files.rlim_cur, fitting, options.max_sessions);
  return fitting;
}

}  // namespace

SmtpServer::SmtpServer(const Runtime& runtime, Options options, Backends backends)
    : runtime_(runtime),
      options_(std::move(options)),
      memory_(options_.max_memory),
      limits_({.in_all = SessionsThatFit(options_),
               .per_address = options_.max_sessions_per_address,
               .per_user = options_.max_sessions_per_user}),
      surroundings_{.settings = options_.session, .backends = backends, .memory = &memory_},
      listening_(runtime.executor(0), "gateway listeners"),
      look_(runtime.executor(0)) {
  for (size_t i = 0; i < runtime_.size(); ++i) {
    groups_.push_back(std::make_unique<SessionGroup>(runtime_.executor(i), &surroundings_, &limits_,
                                                     &options_.proxy_networks));
  }
}

SmtpServer::~SmtpServer() = default;

absl::Status SmtpServer::Start() {
  if (!options_.certificates.empty()) {
    auto tls = net::ServerTls::Load(options_.certificates);
    if (!tls.ok()) return tls.status();
    tls_ = *std::move(tls);
    surroundings_.tls = tls_.get();
  }
  const absl::Status bound = Bind();
  if (!bound.ok()) return bound;
  for (const auto& group : groups_) {
    asio::post(group->executor(), [group = group.get()] { group->Start(); });
  }
  for (const auto& port : ports_) {
    const auto choose = [this] { return groups_[next_group_++ % groups_.size()]->executor(); };
    const auto accepted = [this, listening = &port->listening](
                              Executor executor, std::unique_ptr<net::Stream> stream) {
      Deal(executor, std::move(stream), listening);
    };
    listening_.Spawn(port->listener->Run(choose, accepted));
  }
  if (tls_) listening_.Spawn(WatchCertificates());
  return absl::OkStatus();
}

absl::Status SmtpServer::Bind() {
  absl::Status first_failure = absl::UnavailableError("no SMTP port is configured");
  for (Listening listening : options_.listeners) {
    if (listening.tls == TlsPolicy::kImplicit && !tls_) {
      return absl::FailedPreconditionError("implicit TLS needs a certificate");
    }
    auto listener = net::Listener::Bind(runtime_.executor(0), options_.address, listening.port);
    if (listener.ok()) {
      listening.port = (*listener)->port();
      ports_.push_back(std::make_unique<Port>(Port{listening, *std::move(listener)}));
      continue;
    }
    log::Warn("SMTP port skipped: {}", listener.status().ToString());
    if (skipped_.empty()) first_failure = listener.status();
    skipped_.push_back({listening, std::string(listener.status().message())});
  }
  return ports_.empty() ? first_failure : absl::OkStatus();
}

void SmtpServer::Deal(Executor executor, std::unique_ptr<net::Stream> stream,
                      const Listening* port) {
  for (const auto& group : groups_) {
    if (group->executor() != executor) continue;
    asio::post(executor, [group = group.get(), stream = std::move(stream), port]() mutable {
      group->Take(std::move(stream), port);
    });
    return;
  }
}

Co<void> SmtpServer::WatchCertificates() {
  while (!stopping_) {
    look_.expires_after(kLookEvery);
    boost::system::error_code woken;
    co_await look_.async_wait(asio::redirect_error(use_co, woken));
    if (stopping_) co_return;
    const auto before = tls_->context();
    const absl::Status refreshed = tls_->Refresh();
    if (!refreshed.ok()) {
      log::Error("certificates stay as they were: {}", refreshed.ToString());
    } else if (tls_->context() != before) {
      log::Info("certificates read again");
    }
  }
}

Co<void> SmtpServer::Stop() {
  stopping_ = true;
  look_.cancel();
  for (const auto& port : ports_) port->listener->Close();
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
  for (const auto& port : ports_) ports.push_back(port->listening.port);
  return ports;
}

SmtpServer::Status SmtpServer::status() const {
  Status status{.skipped = skipped_,
                .sessions = limits_.total(),
                .max_sessions = limits_.most().in_all,
                .memory_used = memory_.used(),
                .max_memory = options_.max_memory};
  for (const auto& port : ports_) status.open.push_back(port->listening);
  if (tls_) status.certificates = tls_->context()->certificates();
  return status;
}

}  // namespace staffetta::gateway
