// XCLIENT: a trusted proxy tells who its client is; the session begins anew as that client's
// (SPEC S7).

#include <utility>

#include "common/base/log.h"
#include "common/smtp/xclient.h"
#include "gateway/session.h"

namespace staffetta::gateway {

// Asked of the peer itself, whoever it has said it speaks for.
bool Session::MayXclient() const {
  return IsInAny(settings().xclient_networks, arrival_.client_address);
}

Co<void> Session::Xclient(std::string_view argument) {
  if (!MayXclient()) co_return Say(Said::kNotImplemented);
  if (transaction_.open) co_return Say(Said::kXclientInTransaction);
  auto told = smtp::ParseXclient(argument);
  if (!told) co_return Say(smtp::ReplyFor(told.error()));
  if (told->address && !told->address->empty()) {
    if (!arrival_.place->SetAddress(*told->address)) {
      co_return Leave(Said::kTooManySessionsOfAddress);
    }
    log::Debug("{}: speaks for {}", connection_.client_address, *told->address);
    connection_.client_address = *told->address;
  }
  if (told->name) connection_.client_name = *std::move(told->name);
  if (told->hello) connection_.client_hello = *std::move(told->hello);
  Forget();
  if (told->login && !told->login->empty()) {
    const bool vouched = co_await Vouched(*std::move(told->login));
    if (!vouched) co_return;
  }
  Greet();
}

// The proxy has checked the user's credentials; its rights are ours to know.
Co<bool> Session::Vouched(std::string user) {
  const uint64_t changes = around_.backends.authenticator->Changes();
  auto answer = co_await around_.backends.authenticator->FindUser(user, connection_.client_address);
  if (!answer.ok()) {
    log::Warn("{}: user {} not found: {}", connection_.client_address, log::Escaped(user),
              answer.status().ToString());
    Say(Said::kAuthUnavailable);
    co_return false;
  }
  if (answer->verdict != AuthVerdict::kOk) {
    Say(ReplyFor(answer->verdict));
    co_return false;
  }
  co_return Become(std::move(answer->identity), changes);
}

}  // namespace staffetta::gateway
