#include "delivery/mx.h"

#include <algorithm>
#include <optional>

#include "common/smtp/idna.h"

namespace staffetta::delivery {
namespace {

using asio::ip::address;

// What look-ups of several hosts found together.
struct Gathered {
  std::vector<Target> targets;
  absl::Status failure;    // a name server did not answer
  bool forbidden = false;  // an address was left out
};

bool MayConnect(const address& candidate, const TargetSearch& search) {
  return IsPublic(candidate) || IsInAny(search.allow_networks, candidate);
}

Targets Trouble(Fault fault, std::string_view detail) {
  return {{}, HeardFault(Stage::kDns, fault, detail)};
}

// A look-up that gave no answer.
Targets Unanswered(const absl::Status& status, std::string_view name) {
  return Trouble(absl::IsCancelled(status) ? Fault::kStopped : Fault::kDnsFailure, name);
}

Targets Fixed(const FixedRoute& route, const std::vector<address>& addresses) {
  Targets targets;
  for (const address& each : ChooseAddresses(addresses)) {
    targets.list.push_back({route.host, each, route.port});
  }
  return targets;
}

Co<Targets> FindFixed(FixedRoute route, net::Resolver* resolver) {
  boost::system::error_code error;
  const address literal = asio::ip::make_address(route.host, error);
  if (!error) co_return Fixed(route, {literal});
  if (route.host == "localhost") {
    co_return Fixed(route, {asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()});
  }
  const auto addresses = co_await resolver->Addresses(route.host);
  if (!addresses.ok()) co_return Unanswered(addresses.status(), route.host);
  if (addresses->empty()) {
    // The operator's own host: a mistake to be mended, not a reason to return mail.
    co_return Trouble(Fault::kDnsFailure, route.host + " has no address");
  }
  co_return Fixed(route, *addresses);
}

Co<void> Gather(std::string host, net::Resolver* resolver, const TargetSearch* search,
                Gathered* gathered) {
  const auto addresses = co_await resolver->Addresses(host);
  if (!addresses.ok()) {
    gathered->failure = addresses.status();
    co_return;
  }
  std::vector<address> allowed;
  for (const address& each : *addresses) {
    if (MayConnect(each, *search)) {
      allowed.push_back(each);
    } else {
      gathered->forbidden = true;
    }
  }
  for (const address& each : ChooseAddresses(allowed)) {
    gathered->targets.push_back({host, each, search->port});
  }
}

Co<Targets> FindByMx(std::string domain, net::Resolver* resolver, const TargetSearch* search,
                     std::mt19937* random) {
  const std::optional<std::string> name = smtp::ToALabels(domain);
  if (!name || name->empty() || name->front() == '[') co_return Trouble(Fault::kNoHost, domain);
  auto records = co_await resolver->Mx(*name);
  if (!records.ok()) co_return Unanswered(records.status(), *name);
  const bool implicit = records->empty();
  std::vector<std::string> hosts{*name};
  if (!implicit) hosts = OrderHosts(*std::move(records), random);
  if (hosts.empty()) co_return Trouble(Fault::kNullMx, *name);

  Gathered gathered;
  for (const std::string& host : hosts) {
    co_await Gather(host, resolver, search, &gathered);
    // Cancelled once: nothing would end the next look-ups but their time-out.
    if (absl::IsCancelled(gathered.failure)) co_return Unanswered(gathered.failure, *name);
  }
  if (!gathered.targets.empty()) co_return Targets{std::move(gathered.targets), {}};
  if (!gathered.failure.ok()) co_return Unanswered(gathered.failure, *name);
  if (gathered.forbidden) co_return Trouble(Fault::kNoPublicAddress, *name);
  co_return Trouble(implicit ? Fault::kNoHost : Fault::kNoAddress, *name);
}

}  // namespace

std::string Target::Label() const { return host + " [" + address.to_string() + "]"; }

std::vector<std::string> OrderHosts(std::vector<net::MxRecord> records, std::mt19937* random) {
  // A null record beside real ones means nothing (RFC 7505 §3).
  std::erase_if(records, [](const net::MxRecord& record) { return record.host.empty(); });
  std::shuffle(records.begin(), records.end(), *random);
  std::stable_sort(records.begin(), records.end(),
                   [](const auto& a, const auto& b) { return a.preference < b.preference; });
  if (records.size() > kMaxHosts) records.resize(kMaxHosts);
  std::vector<std::string> hosts;
  for (net::MxRecord& record : records) hosts.push_back(std::move(record.host));
  return hosts;
}

std::vector<address> ChooseAddresses(const std::vector<address>& addresses) {
  if (addresses.size() <= kMaxAddressesPerHost) return addresses;
  const size_t all_v6 = std::count_if(addresses.begin(), addresses.end(),
                                      [](const address& each) { return each.is_v6(); });
  const size_t all_v4 = addresses.size() - all_v6;
  constexpr size_t kHalf = kMaxAddressesPerHost / 2;
  size_t v6 = std::min(all_v6, kMaxAddressesPerHost - std::min(all_v4, kHalf));
  size_t v4 = std::min(all_v4, kMaxAddressesPerHost - v6);
  std::vector<address> chosen;
  for (const address& each : addresses) {
    size_t& room = each.is_v6() ? v6 : v4;
    if (room == 0) continue;
    --room;
    chosen.push_back(each);
  }
  return chosen;
}

Co<Targets> FindTargets(Route route, net::Resolver* resolver, const TargetSearch* search,
                        std::mt19937* random) {
  if (const auto* fixed = std::get_if<FixedRoute>(&route)) {
    co_return co_await FindFixed(*fixed, resolver);
  }
  if (const auto* mx = std::get_if<MxRoute>(&route)) {
    co_return co_await FindByMx(mx->domain, resolver, search, random);
  }
  co_return Trouble(Fault::kUnknownChannel, "");
}

}  // namespace staffetta::delivery
