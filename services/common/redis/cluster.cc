#include "common/redis/cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "common/redis/send.h"
#include "common/redis/verdict.h"

namespace staffetta::redis {
namespace {

constexpr std::chrono::milliseconds kLeastBetweenRefreshes{100};
constexpr absl::Duration kAskTimeout = absl::Milliseconds(500);
// A node that owes replies for so long has the others asked whether it still serves its slots.
constexpr absl::Duration kSilence = absl::Seconds(1);
constexpr int kRedirectsWithoutPause = 5;
constexpr std::chrono::milliseconds kFirstPause{10};
constexpr std::chrono::milliseconds kLongestPause{500};

size_t BytesOf(const std::vector<Command>& commands, const Unit& unit) {
  size_t bytes = 0;
  for (size_t i = unit.first; i < unit.first + unit.size; ++i) bytes += commands[i].body().size();
  return bytes;
}

void Fill(Connection::Results* results, const Unit& unit, const absl::Status& status) {
  for (size_t i = unit.first; i < unit.first + unit.size; ++i) (*results)[i] = status;
}

}  // namespace

// While one exists, the map is being asked for.
class Cluster::Refreshing {
 public:
  explicit Refreshing(Cluster* cluster) : cluster_(cluster) { cluster_->refreshing_ = true; }
  ~Refreshing() {
    cluster_->refreshing_ = false;
    cluster_->refresh_ended_ = Clock::now();
    cluster_->refreshed_.cancel();
  }
  Refreshing(const Refreshing&) = delete;
  Refreshing& operator=(const Refreshing&) = delete;

 private:
  Cluster* const cluster_;
};

Cluster::Cluster(Executor executor, Client::Options options)
    : executor_(executor),
      options_(std::move(options)),
      refreshed_(executor, Timer::time_point::max()) {}

void Cluster::Close() {
  closed_ = true;
  for (const auto& [address, node] : nodes_) node->Close();
  nodes_.clear();
  for (const std::weak_ptr<Connection>& one : retired_) {
    if (const std::shared_ptr<Connection> node = one.lock()) node->Close();
  }
  refreshed_.cancel();
}

Co<Connection::Results> Cluster::Run(std::shared_ptr<Cluster> self, std::vector<Command> commands,
                                     absl::Duration timeout) {
  Results results(commands.size(), absl::UnknownError(""));
  const absl::StatusOr<std::vector<Unit>> units = ToUnits(commands);
  if (!units.ok()) co_return Results(commands.size(), units.status());
  std::vector<Waiting> waiting;
  for (const Unit& unit : *units) waiting.push_back({.unit = unit});

  const auto start = Clock::now();
  const auto patience = start + absl::ToChronoNanoseconds(self->options_.connect_timeout);
  const auto deadline = start + absl::ToChronoNanoseconds(timeout);
  Timer timer(self->executor_);
  auto pause = kFirstPause;
  if (self->MustRefresh(waiting)) co_await Refresh(self);
  for (int round = 1;; ++round) {
    if (self->closed_) {
      for (const Waiting& one : waiting) {
        Fill(&results, one.unit, absl::CancelledError("the Redis client is closed"));
      }
      co_return results;
    }
    const auto left = absl::FromChrono(deadline - Clock::now());
    Round sent = co_await SendRound(self, &commands, std::move(waiting), &results, left);
    if (sent.again.empty()) co_return results;
    waiting = std::move(sent.again);
    if (!sent.moved.empty()) {
      co_await Refresh(self);
      // The node that was asked may not know yet what the one that redirected knows.
      for (const auto& [slot, owner] : sent.moved) self->topology_.SetOwner(slot, owner);
    }
    if (!sent.pause && round < kRedirectsWithoutPause) continue;
    if (Clock::now() + pause > std::min(patience, deadline)) co_return results;
    timer.expires_after(pause);
    boost::system::error_code cancelled;
    co_await timer.async_wait(asio::redirect_error(use_co, cancelled));
    pause = std::min(pause * 2, kLongestPause);
    co_await Refresh(self);
  }
}

Co<Cluster::Round> Cluster::SendRound(std::shared_ptr<Cluster> self,
                                      const std::vector<Command>* commands,
                                      std::vector<Waiting> waiting, Results* results,
                                      absl::Duration timeout) {
  Round round;
  std::vector<Outgoing> all;
  std::vector<Waiting> sent;
  for (Waiting& one : waiting) {
    const Unit& unit = one.unit;
    const NodeAddress* const to = self->Target(one);
    if (to == nullptr) {
      Fill(results, unit,
           absl::UnavailableError(absl::StrCat("Redis ", ToAbsl((*commands)[unit.first].name()),
                                               ": not sent: no known node of the cluster serves ",
                                               "its slot; ", self->last_error_)));
      round.again.push_back(std::move(one));
      round.pause = true;
      continue;
    }
    one.to = *to;
    const std::shared_ptr<Connection>& node = self->NodeAt(one.to);
    if (const absl::Status full = node->Admit(BytesOf(*commands, unit)); !full.ok()) {
      Fill(results, unit, full);
      continue;
    }
    one.at = all.size();
    bool joined = !all.empty() && all.back().to == node;
    if (!one.ask.host.empty()) {
      all.push_back({node, Command("ASKING"), joined});
      joined = true;
      ++one.at;
    }
    // Copies: what is redirected is sent again.
    for (size_t i = unit.first; i < unit.first + unit.size; ++i, joined = true) {
      all.push_back({node, (*commands)[i], joined});
    }
    sent.push_back(std::move(one));
  }
  if (all.empty()) co_return round;

  Results replies = co_await SendAll(std::move(all), timeout);
  for (Waiting& one : sent) {
    const Unit& unit = one.unit;
    Verdict verdict = Judge(replies[one.at], unit.script, one.to);
    for (size_t i = 0; i < unit.size; ++i) {
      (*results)[unit.first + i] = std::move(replies[one.at + i]);
    }
    one.ask = {};
    switch (verdict.kind) {
      case Verdict::Kind::kFinal:
        continue;
      case Verdict::Kind::kLost:
        self->suspect_ = true;
        continue;
      case Verdict::Kind::kMoved:
        if (unit.slot.has_value()) round.moved.emplace_back(*unit.slot, std::move(verdict.to));
        break;
      case Verdict::Kind::kAsk:
        one.ask = std::move(verdict.to);
        break;
      case Verdict::Kind::kLater:
        round.pause = true;
        break;
    }
    round.again.push_back(std::move(one));
  }
  co_return round;
}

Co<absl::StatusOr<std::vector<Client::OfMaster>>> Cluster::RunOnMasters(
    std::shared_ptr<Cluster> self, std::vector<Command> commands, absl::Duration timeout) {
  co_await Refresh(self);
  if (self->topology_.masters().empty()) {
    co_return absl::UnavailableError(
        absl::StrCat("no node of the Redis cluster answers: ", self->last_error_));
  }
  // A copy: the map may change meanwhile.
  const std::vector<NodeAddress> masters = self->topology_.masters();
  std::vector<Client::OfMaster> all;
  for (const NodeAddress& master : masters) {
    if (self->closed_) co_return absl::CancelledError("the Redis client is closed");
    const std::shared_ptr<Connection> node = self->NodeAt(master);
    std::vector<Outgoing> outgoing;
    for (const Command& command : commands) outgoing.push_back({node, command});
    all.push_back(
        {self->EndpointOf(master).ToString(), co_await SendAll(std::move(outgoing), timeout)});
  }
  co_return all;
}

bool Cluster::MustRefresh(const std::vector<Waiting>& waiting) const {
  if (suspect_ || topology_.masters().empty()) return true;
  for (const Waiting& one : waiting) {
    if (!one.unit.slot.has_value()) continue;
    const NodeAddress* const owner = topology_.OwnerOf(*one.unit.slot);
    if (owner == nullptr) return true;
    const auto node = nodes_.find(*owner);
    if (node != nodes_.end() && node->second->Silence() > kSilence &&
        Clock::now() - refresh_ended_ > absl::ToChronoNanoseconds(kSilence)) {
      return true;
    }
  }
  return false;
}

const NodeAddress* Cluster::Target(const Waiting& waiting) {
  if (!waiting.ask.host.empty()) return &waiting.ask;
  if (waiting.unit.slot.has_value()) return topology_.OwnerOf(*waiting.unit.slot);
  if (topology_.masters().empty()) return nullptr;
  return &topology_.masters()[turn_++ % topology_.masters().size()];
}

const std::shared_ptr<Connection>& Cluster::NodeAt(const NodeAddress& address) {
  std::shared_ptr<Connection>& node = nodes_[address];
  if (node == nullptr) {
    Client::Options options = options_;
    options.endpoint = Deployment::Server(EndpointOf(address));
    node = std::make_shared<Connection>(executor_, std::move(options),
                                        Connection::WhenUnreachable::kFail);
  }
  return node;
}

Endpoint Cluster::EndpointOf(const NodeAddress& address) const {
  Endpoint endpoint = options_.endpoint.login;
  endpoint.host = address.host;
  endpoint.port = address.port;
  return endpoint;
}

std::vector<Endpoint> Cluster::NodesToAsk() {
  std::vector<Endpoint> nodes;
  const std::vector<NodeAddress>& masters = topology_.masters();
  for (size_t i = 0; i < masters.size(); ++i) {
    nodes.push_back(EndpointOf(masters[(turn_ + i) % masters.size()]));
  }
  ++turn_;
  for (const NodeAddress& replica : topology_.replicas()) nodes.push_back(EndpointOf(replica));
  const std::vector<Endpoint>& given = options_.endpoint.endpoints;
  nodes.insert(nodes.end(), given.begin(), given.end());
  return nodes;
}

Co<void> Cluster::Refresh(std::shared_ptr<Cluster> self) {
  if (self->refreshing_) {
    boost::system::error_code ended;
    co_await self->refreshed_.async_wait(asio::redirect_error(use_co, ended));
    co_return;
  }
  if (Clock::now() - self->refresh_ended_ < kLeastBetweenRefreshes) co_return;
  const Refreshing refreshing(self.get());
  const auto deadline = Clock::now() + absl::ToChronoNanoseconds(self->options_.connect_timeout);
  for (Endpoint& node : self->NodesToAsk()) {
    if (self->closed_ || Clock::now() > deadline) co_return;
    const absl::Status status = co_await AskForTopology(self, std::move(node));
    if (status.ok()) co_return;
    self->last_error_ = std::string(status.message());
  }
}

Co<absl::Status> Cluster::AskForTopology(std::shared_ptr<Cluster> self, Endpoint node) {
  // A connection of its own: a time-out must not cost the commands in flight their outcome.
  Client client(self->executor_, {.endpoint = Deployment::Server(node),
                                  .connect_timeout = kAskTimeout,
                                  .command_timeout = kAskTimeout});
  const absl::StatusOr<Value> answer = co_await client.Run(Command("CLUSTER", "SLOTS"));
  if (!answer.ok()) co_return answer.status();
  absl::StatusOr<Topology> topology = Topology::FromSlots(*answer, {node.host, node.port});
  if (!topology.ok()) co_return topology.status();
  if (!self->closed_) self->Adopt(*std::move(topology));
  co_return absl::OkStatus();
}

void Cluster::Adopt(Topology topology) {
  topology_ = std::move(topology);
  suspect_ = false;
  std::erase_if(retired_, [](const std::weak_ptr<Connection>& one) { return one.expired(); });
  const std::vector<NodeAddress>& masters = topology_.masters();
  for (auto it = nodes_.begin(); it != nodes_.end();) {
    const auto current = it++;
    if (std::find(masters.begin(), masters.end(), current->first) != masters.end()) continue;
    current->second->Retire();
    retired_.push_back(current->second);
    nodes_.erase(current);
  }
}

}  // namespace staffetta::redis
