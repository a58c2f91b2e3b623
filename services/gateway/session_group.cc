#include "gateway/session_group.h"

#include <utility>

#include "common/base/log.h"
#include "common/smtp/proxy_header.h"
#include "gateway/figures.h"

namespace staffetta::gateway {
namespace {

// How exact deadlines of peers are.
constexpr std::chrono::seconds kTick(1);
constexpr absl::Duration kToTurnAway = absl::Seconds(2);
// Of one thread, at once.
constexpr int kMostTurnedAway = 500;

// The client that a PROXY header names, or the peer itself. PERMISSION_DENIED: nobody whose header
// counts; INVALID_ARGUMENT: there is none.
Co<absl::StatusOr<std::string>> TellClient(net::Stream* stream,
                                           const std::vector<Network>& trusted) {
  const asio::ip::address peer = stream->peer_address();
  if (!IsInAny(trusted, peer)) {
    co_return absl::PermissionDeniedError("a PROXY header from there is not believed");
  }
  std::string header;
  for (;;) {
    auto parse = smtp::ParseProxyHeader(header);
    if (auto* told = std::get_if<smtp::ProxyHeader>(&parse)) {
      co_return told->client_address.empty() ? peer.to_string() : std::move(told->client_address);
    }
    const auto* more = std::get_if<smtp::ProxyNeedsMore>(&parse);
    if (more == nullptr) co_return absl::InvalidArgumentError("no PROXY header");
    const size_t size = header.size();
    header.resize(size + more->octets);
    const auto got = co_await stream->ReadSome(header.data() + size, more->octets);
    if (!got.ok()) co_return got.status();
    header.resize(size + *got);
  }
}

}  // namespace

SessionGroup::SessionGroup(Executor executor, const Surroundings* surroundings,
                           SessionLimits* limits, const std::vector<Network>* proxy_networks)
    : surroundings_(*surroundings),
      limits_(*limits),
      proxy_networks_(*proxy_networks),
      sessions_running_(executor, "gateway sessions"),
      tick_(executor),
      all_gone_(executor) {}

void SessionGroup::Start() { sessions_running_.Spawn(WatchDeadlines()); }

void SessionGroup::Take(std::unique_ptr<net::Stream> stream, const Listening* port) {
  if (finished_) return;
  if (draining_) return TurnAway(std::move(stream), Said::kShuttingDown);
  auto place = limits_.Enter();
  if (!place) return TurnAway(std::move(stream), Said::kTooManySessions);
  // A proxy's own address says nothing.
  if (!port->proxy && !place->SetAddress(stream->peer_address().to_string())) {
    return TurnAway(std::move(stream), Said::kTooManySessionsOfAddress);
  }
  if (port->proxy || port->tls == TlsPolicy::kImplicit) {
    const auto at = arriving_.insert(arriving_.end(), std::move(stream));
    sessions_running_.Spawn(Arrive(at, port, std::move(place)));
    return;
  }
  Arrival arrival{stream->peer_address().to_string(), port->tls, std::move(place)};
  Begin(std::move(stream), std::move(arrival));
}

Co<void> SessionGroup::Arrive(Arrivals::iterator arrival, const Listening* port,
                              std::unique_ptr<SessionLimits::Place> place) {
  net::Stream& stream = **arrival;
  stream.SetDeadline(surroundings_.settings.handshake_timeout);
  absl::Status status;
  std::string client_address = stream.peer_address().to_string();
  if (port->proxy) {
    auto told = co_await TellClient(&stream, proxy_networks_);
    status = told.status();
    if (told.ok()) client_address = *std::move(told);
  }
  if (status.ok() && port->tls == TlsPolicy::kImplicit) {
    status = co_await stream.AcceptTls(surroundings_.tls->context());
  }
  std::unique_ptr<net::Stream> arrived = std::move(*arrival);
  arriving_.erase(arrival);
  if (!status.ok()) {
    log::Debug("{}: port {}: {}", client_address, port->port, status.ToString());
    co_return;
  }
  if (draining_) co_return TurnAway(std::move(arrived), Said::kShuttingDown);
  if (!place->SetAddress(client_address)) {
    co_return TurnAway(std::move(arrived), Said::kTooManySessionsOfAddress);
  }
  Begin(std::move(arrived), {client_address, port->tls, std::move(place)});
}

void SessionGroup::Begin(std::unique_ptr<net::Stream> stream, Arrival arrival) {
  auto session = std::make_unique<Session>(std::move(stream), &surroundings_, &sessions_running_,
                                           std::move(arrival));
  const auto at = sessions_.insert(sessions_.end(), std::move(session));
  TheFigures().sessions.Increment();
  TheFigures().sessions_open.Increment();
  sessions_running_.Spawn(Run(at));
}

Co<void> SessionGroup::Run(Sessions::iterator session) {
  co_await (*session)->Run();
  sessions_.erase(session);
  TheFigures().sessions_open.Decrement();
  if (sessions_.empty()) all_gone_.cancel();
}

void SessionGroup::TurnAway(std::unique_ptr<net::Stream> stream, Said said) {
  // In a flood nobody needs to be told.
  if (leaving_ < kMostTurnedAway) sessions_running_.Spawn(SayGoodbye(std::move(stream), said));
}

Co<void> SessionGroup::SayGoodbye(std::unique_ptr<net::Stream> stream, Said said) {
  ++leaving_;
  stream->SetDeadline(kToTurnAway);
  const absl::Status told = co_await stream->Finish(smtp::Serialize(ReplyFor(said)), kToTurnAway);
  if (!told.ok()) log::Debug("turned away unheard: {}", told.ToString());
  --leaving_;
}

Co<void> SessionGroup::Drain() {
  draining_ = true;
  // They have not been greeted; they will come again.
  for (const auto& stream : arriving_) stream->Close();
  for (const std::unique_ptr<Session>& session : sessions_) session->Drain();
  co_return;
}

Co<void> SessionGroup::Finish(std::chrono::steady_clock::time_point deadline) {
  if (!sessions_.empty()) {
    all_gone_.expires_at(deadline);
    boost::system::error_code woken;
    co_await all_gone_.async_wait(asio::redirect_error(use_co, woken));
  }
  finished_ = true;
  tick_.cancel();
  for (const std::unique_ptr<Session>& session : sessions_) session->Close();
  co_await sessions_running_.Wait();
}

Co<void> SessionGroup::WatchDeadlines() {
  while (!finished_) {
    tick_.expires_after(kTick);
    boost::system::error_code woken;
    co_await tick_.async_wait(asio::redirect_error(use_co, woken));
    const auto now = std::chrono::steady_clock::now();
    for (const std::unique_ptr<Session>& session : sessions_) {
      if (session->IsOverdue(now)) session->TimeOut();
    }
  }
}

}  // namespace staffetta::gateway
