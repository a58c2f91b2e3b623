#include "cli/relay.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/this_coro.hpp>
#include <map>

#include "auth/serve.h"
#include "cli/redis_config.h"
#include "common/base/config.h"
#include "common/base/key_file.h"
#include "common/base/log.h"
#include "common/metrics/endpoint.h"
#include "common/net/resolver.h"
#include "common/net/tls_context.h"
#include "delivery/serve.h"
#include "events/serve.h"
#include "gateway/serve.h"
#include "policy/serve.h"
#include "queue/serve.h"

namespace staffetta::cli {
namespace {

constexpr absl::Duration kHostGrace = absl::Seconds(5);
// Between questions to a Redis that does not answer.
constexpr absl::Duration kAskAgain = absl::Seconds(1);

// Which loop a role lives on; the gateway's sessions use all. The two busy ones are kept apart.
constexpr size_t kAuthLoop = 0;
constexpr size_t kPolicyLoop = 0;
constexpr size_t kQueueLoop = 0;
constexpr size_t kDeliveryLoop = 1;
constexpr size_t kEventsLoop = 1;

std::string HostnameOf(const config::v1::Config& config) {
  if (!config.hostname().empty()) return config.hostname();
  boost::system::error_code error;
  const std::string name = asio::ip::host_name(error);
  return error ? "localhost" : name;
}

// Awaits `start` and keeps its status: Runtime::Block has no result.
Co<void> StoreStatus(Co<absl::Status> start, absl::Status* status) {
  *status = co_await std::move(start);
}

Co<void> Nothing() { co_return; }

absl::Status BlockOn(const Runtime& runtime, size_t loop, Co<absl::Status> start) {
  absl::Status status;
  runtime.Block(StoreStatus(std::move(start), &status), loop);
  return status;
}

absl::Status InRole(const std::string& role, const absl::Status& status) {
  if (status.ok()) return status;
  return {status.code(), absl::StrCat(role, ": ", std::string(status.message()))};
}

net::ResolverOptions ResolverOptions(const config::v1::Dns& dns) {
  return {.servers = {dns.servers().begin(), dns.servers().end()},
          .timeout = DurationOf(dns.timeout())};
}

Co<absl::Status> AskAllMasters(redis::Client::Options options) {
  redis::Client client(co_await asio::this_coro::executor, std::move(options));
  std::vector<redis::Command> question;
  question.push_back(redis::Command("PING"));
  const auto answers = co_await client.RunOnMasters(std::move(question));
  if (!answers.ok()) co_return answers.status();
  for (const redis::Client::OfMaster& one : *answers) {
    if (!one.results[0].ok()) co_return one.results[0].status();
  }
  co_return absl::OkStatus();
}

// Where the configuration says that a role runs; empty: it does not say.
std::string ConfiguredEndpoint(const config::v1::Grpc& grpc, const std::string& role) {
  if (role == "auth") return grpc.auth();
  if (role == "policy") return grpc.policy();
  if (role == "queue") return grpc.queue();
  return grpc.events();
}

// Whom each role calls.
const std::map<std::string, std::vector<std::string>>& CalledBy() {
  static const std::map<std::string, std::vector<std::string>> called{
      {"gateway", {"auth", "policy", "queue"}},
      {"auth", {"policy", "events"}},
      {"policy", {"auth", "events"}},
      {"delivery", {"queue"}}};
  return called;
}

// A process with only some of the roles must know where the others and the common Redis are.
absl::Status CheckRoles(const config::v1::Config& config, const std::set<std::string>& roles) {
  for (const auto& [role, called] : CalledBy()) {
    for (const std::string& other : called) {
      if (roles.contains(role) && !roles.contains(other) &&
          ConfiguredEndpoint(config.grpc(), other).empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("grpc.", other, ": must say where ", other, " runs: ", role,
                         " calls it, and it is not among the roles of this process"));
      }
    }
  }
  std::set<std::string> stateful(AllRoles().begin(), AllRoles().end());
  stateful.erase("gateway");
  const bool has_all = std::includes(roles.begin(), roles.end(), stateful.begin(), stateful.end());
  if (WantsEmbeddedRedis(config.redis()) && !has_all && roles != std::set<std::string>{"gateway"}) {
    return absl::InvalidArgumentError(
        "redis.address: must name the Redis that all processes share; an embedded one serves only "
        "a process with all roles");
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<std::string>& AllRoles() {
  static const std::vector<std::string> roles{"events", "policy",   "auth",
                                              "queue",  "delivery", "gateway"};
  return roles;
}

Relay::Relay(const config::v1::Config& config, std::string data_dir)
    : config_(config), data_dir_(std::move(data_dir)), runtime_(config.threads()) {}

absl::StatusOr<std::unique_ptr<Relay>> Relay::Start(const config::v1::Config& config,
                                                    const std::string& data_dir,
                                                    const std::set<std::string>& roles,
                                                    const Pause& pause) {
  std::unique_ptr<Relay> relay(new Relay(config, data_dir));
  const std::string key_file =
      config.grpc().key_file().empty() ? data_dir + "/operator.key" : config.grpc().key_file();
  auto key = ReadOrCreateKeyFile(key_file);
  if (!key.ok()) return key.status();
  relay->key_ = *std::move(key);
  absl::Status status = CheckRoles(config, roles);
  if (status.ok() && roles != std::set<std::string>{"gateway"}) status = relay->StartRedis(pause);
  if (status.ok()) status = relay->StartRoles(roles);
  if (status.ok()) status = relay->StartMetrics();
  if (!status.ok()) return status;
  return relay;
}

absl::Status Relay::StartRedis(const Pause& pause) {
  if (!WantsEmbeddedRedis(config_.redis())) {
    auto deployment = DeploymentOf(config_.redis());
    if (!deployment.ok()) return deployment.status();
    redis_ = *std::move(deployment);
    return AwaitRedis(pause);
  }
  auto started = redis::EmbeddedRedis::Start({.dir = data_dir_ + "/redis"});
  if (!started.ok()) return InRole("the embedded Redis", started.status());
  embedded_redis_ = *std::move(started);
  redis_ = redis::Deployment::Server(embedded_redis_->endpoint());
  supervision_ = std::make_unique<TaskGroup>(runtime_.executor(0), "redis supervision");
  struct Begin {
    static Co<void> Supervise(TaskGroup* group, redis::EmbeddedRedis* redis) {
      group->Spawn(redis->Supervise());
      co_return;
    }
  };
  runtime_.Block(Begin::Supervise(supervision_.get(), embedded_redis_.get()));
  return absl::OkStatus();
}

// Only silence is waited out: a Redis that refuses us is a mistake to be mended.
absl::Status Relay::AwaitRedis(const Pause& pause) {
  std::string told;
  for (;;) {
    const absl::Status answered = BlockOn(runtime_, kQueueLoop, AskAllMasters(RedisOptions()));
    if (answered.ok() && !told.empty()) log::Info("Redis answers");
    if (!absl::IsUnavailable(answered) && !absl::IsDeadlineExceeded(answered)) {
      return InRole("Redis", answered);
    }
    std::string reason(answered.message());
    if (reason != told) {
      log::Warn("Redis does not answer, it is waited for: {}", reason);
      log::Flush();
      told = std::move(reason);
    }
    if (!pause(kAskAgain)) return absl::CancelledError("stopped while Redis was waited for");
  }
}

redis::Client::Options Relay::RedisOptions() const {
  return {.endpoint = redis_, .command_timeout = DurationOf(config_.redis().command_timeout())};
}

absl::Status Relay::StartMetrics() {
  if (config_.metrics().listen().empty()) return absl::OkStatus();
  auto started = metrics::Endpoint::Start(config_.metrics().listen());
  if (!started.ok()) return started.status();
  metrics_ = *std::move(started);
  return absl::OkStatus();
}

absl::Status Relay::StartRoles(const std::set<std::string>& roles) {
  const std::string hostname = HostnameOf(config_);
  const redis::Client::Options redis = RedisOptions();
  std::vector<grpc::Service*> services;
  if (roles.contains("events")) {
    events_ = std::make_unique<events::Server>(runtime_.executor(kEventsLoop),
                                               events::OptionsFrom(config_), redis, key_);
    services.push_back(events_->grpc_service());
  }
  if (roles.contains("policy")) {
    auto resolver =
        net::NewResolver(runtime_.executor(kPolicyLoop), ResolverOptions(config_.dns()));
    if (!resolver.ok()) return InRole("policy", resolver.status());
    policy_ = std::make_unique<policy::Server>(runtime_.executor(kPolicyLoop),
                                               policy::OptionsFrom(config_), redis, key_,
                                               *std::move(resolver));
    services.push_back(policy_->grpc_service());
  }
  if (roles.contains("auth")) {
    auth_ = std::make_unique<auth::Server>(runtime_.executor(kAuthLoop), auth::OptionsFrom(config_),
                                           redis, key_);
    services.push_back(auth_->grpc_service());
  }
  if (roles.contains("queue")) {
    queue::Server::Options options = queue::OptionsFrom(config_);
    auto content = ContentStoreOf(config_.redis().content());
    if (!content.ok()) return InRole("queue", content.status());
    if (*content) options.second = queue::SecondFrom(config_, **std::move(content));
    queue_ = std::make_unique<queue::Server>(runtime_.executor(kQueueLoop), options, redis, key_);
    for (grpc::Service* service : queue_->grpc_services()) services.push_back(service);
    queue_->Offer(&direct_);
  }
  if (roles.contains("delivery")) {
    express_ = std::make_unique<Runtime>(1);
    delivery_ = std::make_unique<delivery::Server>(
        delivery::Loops{.bulk = runtime_.executor(kDeliveryLoop), .express = express_->executor(0)},
        delivery::OptionsFrom(config_, hostname), redis, key_);
    services.push_back(delivery_->grpc_service());
  }
  if (roles.contains("gateway")) {
    const net::CertificateFiles own{data_dir_ + "/tls.crt", data_dir_ + "/tls.key"};
    gateway::Options options = gateway::OptionsFrom(config_, hostname, own);
    if (options.certificates.front() == own) {
      const absl::Status made = net::EnsureSelfSigned(own.certificate, own.key, hostname);
      if (!made.ok()) return InRole("gateway", made);
    }
    gateway_ = std::make_unique<gateway::Server>(runtime_, std::move(options), key_);
    services.push_back(gateway_->grpc_service());
  }

  auto host = rpc::Host::Start(config_.grpc().listen(), services);
  if (!host.ok()) return host.status();
  host_ = *std::move(host);
  local_ = rpc::LocalPeer(host_->InProcessChannel(), key_,
                          DurationOf(config_.grpc().call_timeout()), &direct_);
  hosted_ = roles;

  absl::Status status;
  if (events_) status = InRole("events", BlockOn(runtime_, kEventsLoop, events_->Start()));
  if (status.ok() && policy_) {
    status = InRole("policy",
                    BlockOn(runtime_, kPolicyLoop,
                            policy_->Start({.auth = PeerOf("auth"), .events = PeerOf("events")})));
  }
  if (status.ok() && auth_) {
    status = InRole(
        "auth", BlockOn(runtime_, kAuthLoop,
                        auth_->Start({.policy = PeerOf("policy"), .events = PeerOf("events")})));
  }
  if (status.ok() && queue_) {
    status = InRole("queue", BlockOn(runtime_, kQueueLoop, queue_->Start()));
  }
  if (status.ok() && delivery_) {
    status = InRole("delivery",
                    BlockOn(runtime_, kDeliveryLoop, delivery_->Start({.queue = PeerOf("queue")})));
  }
  if (status.ok() && gateway_) {
    status = InRole("gateway", BlockOn(runtime_, 0,
                                       gateway_->Start({.auth = PeerOf("auth"),
                                                        .policy = PeerOf("policy"),
                                                        .queue = PeerOf("queue")})));
  }
  return status;
}

std::shared_ptr<const rpc::Peer> Relay::PeerOf(const std::string& role) const {
  if (hosted_.contains(role)) return local_;
  const config::v1::Grpc& grpc = config_.grpc();
  return rpc::RemotePeer(ConfiguredEndpoint(grpc, role), key_, DurationOf(grpc.call_timeout()));
}

Relay::~Relay() {
  if (gateway_) runtime_.Block(gateway_->Stop());
  if (delivery_) runtime_.Block(delivery_->Stop(), kDeliveryLoop);
  if (auth_) runtime_.Block(auth_->Stop(), kAuthLoop);
  if (policy_) runtime_.Block(policy_->Stop(), kPolicyLoop);
  if (queue_) runtime_.Block(queue_->Stop(), kQueueLoop);
  if (events_) runtime_.Block(events_->Stop(), kEventsLoop);
  if (host_) host_->Shutdown(kHostGrace);
  // Calls that came in meanwhile have been answered; let their coroutines end as well.
  for (size_t loop = 0; loop < runtime_.size(); ++loop) runtime_.Block(Nothing(), loop);
  if (express_) express_->Block(Nothing());
  if (embedded_redis_) {
    struct End {
      static Co<void> Redis(redis::EmbeddedRedis* redis, TaskGroup* supervision) {
        redis->Stop();
        co_await supervision->Wait();
      }
    };
    runtime_.Block(End::Redis(embedded_redis_.get(), supervision_.get()));
  }
}

std::vector<uint16_t> Relay::ports() const {
  return gateway_ ? gateway_->ports() : std::vector<uint16_t>();
}

std::string Relay::metrics_address() const { return metrics_ ? metrics_->address() : ""; }

}  // namespace staffetta::cli
