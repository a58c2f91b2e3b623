#include "cli/demo.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>
#include <absl/time/clock.h>
#include <fcntl.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/client_context.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "common/rpc/status.h"
#include "staffetta/auth/v1/auth.grpc.pb.h"
#include "staffetta/policy/v1/policy.grpc.pb.h"

namespace staffetta::cli {
namespace {

constexpr char kAccountName[] = "Demo";
constexpr char kDomain[] = "demo.example";
constexpr char kSender[] = "hello@demo.example";
constexpr char kHost[] = "127.0.0.1";

// What to paste.
struct Access {
  std::vector<uint16_t> ports;
  std::string user;
  std::string password;  // empty: made in an earlier run
  std::string grpc;
};

template <class Stub, class Request, class Response>
absl::Status Call(const rpc::Peer& peer, Stub* stub,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response* response) {
  grpc::ClientContext context;
  context.AddMetadata("authorization", peer.authorization);
  context.set_deadline(absl::ToChronoTime(absl::Now() + peer.timeout));
  return rpc::FromGrpc((stub->*method)(&context, request, response));
}

// The account's number: made now or in an earlier run.
absl::StatusOr<uint64_t> EnsureAccount(const rpc::Peer& peer, auth::v1::AuthService::Stub* auth) {
  using Stub = auth::v1::AuthService::Stub;
  auth::v1::ListAccountsResponse accounts;
  absl::Status status = Call(peer, auth, &Stub::ListAccounts, {}, &accounts);
  if (!status.ok()) return status;
  for (const auth::v1::Account& account : accounts.accounts()) {
    if (account.name() == kAccountName) return account.account_id();
  }
  auth::v1::CreateAccountRequest request;
  request.set_name(kAccountName);
  request.set_channel("sandbox");
  auth::v1::CreateAccountResponse created;
  status = Call(peer, auth, &Stub::CreateAccount, request, &created);
  if (!status.ok()) return status;
  return created.account().account_id();
}

// The demo domain belongs to nobody, so there is no record to look up.
absl::Status VerifyDomain(const rpc::Peer& peer, uint64_t account_id) {
  using Stub = policy::v1::PolicyService::Stub;
  const auto policy = policy::v1::PolicyService::NewStub(peer.channel);
  policy::v1::VerifySenderRequest request;
  request.set_account_id(account_id);
  request.set_name(kDomain);
  request.set_by_operator(true);
  policy::v1::VerifySenderResponse verified;
  return Call(peer, policy.get(), &Stub::VerifySender, request, &verified);
}

absl::StatusOr<Access> EnsureUser(const rpc::Peer& peer, auth::v1::AuthService::Stub* auth,
                                  uint64_t account_id) {
  using Stub = auth::v1::AuthService::Stub;
  auth::v1::ListUsersRequest list;
  list.set_account_id(account_id);
  auth::v1::ListUsersResponse users;
  absl::Status status = Call(peer, auth, &Stub::ListUsers, list, &users);
  if (!status.ok()) return status;
  Access access;
  if (!users.users().empty()) {
    access.user = users.users(0).user();
    if (users.users(0).status() == auth::v1::USER_STATUS_ACTIVE) return access;
  } else {
    auth::v1::CreateUserRequest create;
    create.set_account_id(account_id);
    create.set_note("made by serve --demo");
    create.add_senders(kDomain);
    auth::v1::CreateUserResponse created;
    status = Call(peer, auth, &Stub::CreateUser, create, &created);
    if (!status.ok()) return status;
    access.user = created.user().user();
    access.password = created.password();
  }
  status = VerifyDomain(peer, account_id);
  if (!status.ok()) return status;
  auth::v1::ActivateUserRequest activate;
  activate.set_user(access.user);
  auth::v1::ActivateUserResponse activated;
  status = Call(peer, auth, &Stub::ActivateUser, activate, &activated);
  if (!status.ok()) return status;
  return access;
}

absl::StatusOr<std::string> NewPassword(const rpc::Peer& peer, auth::v1::AuthService::Stub* auth,
                                        const std::string& user) {
  using Stub = auth::v1::AuthService::Stub;
  auth::v1::RegeneratePasswordRequest request;
  request.set_user(user);
  auth::v1::RegeneratePasswordResponse response;
  const absl::Status status = Call(peer, auth, &Stub::RegeneratePassword, request, &response);
  if (!status.ok()) return status;
  return response.password();
}

// The password for `user` that an earlier run wrote to `path`; empty: none.
std::string PasswordIn(const std::string& path, const std::string& user) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  google::protobuf::Struct json;
  if (!google::protobuf::util::JsonStringToMessage(text.str(), &json).ok()) return "";
  const auto& fields = json.fields();
  const auto found = fields.find("user");
  if (found == fields.end() || found->second.string_value() != user) return "";
  const auto password = fields.find("password");
  return password == fields.end() ? "" : password->second.string_value();
}

absl::Status WriteJson(const std::string& path, const Access& access) {
  google::protobuf::Struct json;
  auto& fields = *json.mutable_fields();
  fields["host"].set_string_value(kHost);
  for (const uint16_t port : access.ports) {
    fields["ports"].mutable_list_value()->add_values()->set_number_value(port);
  }
  fields["user"].set_string_value(access.user);
  fields["password"].set_string_value(access.password);
  fields["sender"].set_string_value(kSender);
  fields["grpc"].set_string_value(access.grpc);
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  (void)google::protobuf::util::MessageToJsonString(json, &text, options);
  // Private from its first moment on, and whole or not there at all.
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    return absl::FailedPreconditionError(absl::StrCat("cannot write ", path, " (--demo-out)"));
  }
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  if (!written || rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("cannot write ", path, " (--demo-out)"));
  }
  return absl::OkStatus();
}

void Print(const Access& access, const std::string& data_dir) {
  const std::string port = access.ports.empty() ? "" : absl::StrCat(access.ports.front());
  const bool known = !access.password.empty();
  const std::string password = known ? access.password : "PASSWORD";
  std::string text = absl::StrCat(
      "\nStaffetta is running with a demo account; its mail is captured, never sent.\n\n"
      "  host        ",
      kHost, "\n", "  ports       ", absl::StrJoin(access.ports, ", "), "\n",
      "  encryption  None, or STARTTLS\n", "  user name   ", access.user, "\n", "  password    ",
      known ? access.password : "shown at the first run", "\n", "  sender      ", kSender,
      " (any address of ", kDomain, ")\n", "  gRPC        ", access.grpc, "\n\n");
  if (!known) {
    absl::StrAppend(&text, "A lost password is replaced, never shown again:\n  staffetta --data ",
                    data_dir, " users regenerate-password ", access.user, "\n\n");
  }
  absl::StrAppend(&text, "Paste one of these:\n", "  swaks --server ", kHost, ":", port,
                  " --tls --auth-user ", access.user, " --auth-password ", password, " --from ",
                  kSender, " --to you@example.net\n", "  printf 'From: ", kSender,
                  "\\r\\nSubject: hello\\r\\n\\r\\nIt works.\\r\\n' | curl -sS"
                  " smtp://",
                  kHost, ":", port, " --user '", access.user, ":", password, "' --mail-from ",
                  kSender, " --mail-rcpt you@example.net -T -\n", "  a mail client: SMTP server ",
                  kHost, ", port ", port, ", user name and password as above\n\n",
                  "See what arrived:  staffetta --data ", data_dir, " inbox list --account 1\n",
                  "Ctrl-C stops everything.\n\n");
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

absl::Status SetUpDemo(const Relay& relay, const std::string& data_dir, const std::string& out) {
  const rpc::Peer& peer = *relay.local_peer();
  const auto auth = auth::v1::AuthService::NewStub(peer.channel);
  const auto account_id = EnsureAccount(peer, auth.get());
  if (!account_id.ok()) return account_id.status();
  auto access = EnsureUser(peer, auth.get(), *account_id);
  if (!access.ok()) return access.status();
  access->ports = relay.ports();
  access->grpc = relay.endpoint();
  if (!out.empty()) {
    if (access->password.empty()) access->password = PasswordIn(out, access->user);
    if (access->password.empty()) {
      auto password = NewPassword(peer, auth.get(), access->user);
      if (!password.ok()) return password.status();
      access->password = *std::move(password);
    }
    const absl::Status status = WriteJson(out, *access);
    if (!status.ok()) return status;
  }
  Print(*access, data_dir);
  return absl::OkStatus();
}

}  // namespace staffetta::cli
