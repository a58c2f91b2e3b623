#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/stream.h"

namespace staffetta::net {

// A peer that plays its part from a text and never waits. For dialogues in-process:
//
//   ScriptedStream stream({"EHLO a\r\n", "QUIT\r\n"});
//   … run the session on it …
//   stream.replies()[0] is the greeting, [1] the answer to EHLO, [2] the one to QUIT.
//
// Each read gives what is left of one chunk, never parts of two; after the last one the peer has
// closed (OUT_OF_RANGE).
class ScriptedStream final : public Stream {
 public:
  explicit ScriptedStream(std::vector<std::string> chunks);

  // What was written, all of it.
  const std::string& output() const { return output_; }
  // The same, cut where a new chunk began to be read: one more than chunks were read.
  const std::vector<std::string>& replies() const { return replies_; }
  bool closed() const { return closed_; }
  // Every chunk was read to its end.
  bool exhausted() const { return chunks_.empty(); }
  // How many bytes had been written when TLS began; nullopt: it did not.
  std::optional<size_t> tls_after() const { return tls_after_; }
  // That ConnectTls was given.
  const std::string& server_name() const { return server_name_; }

  // Settings, before it is used.
  void set_peer_address(asio::ip::address address) { peer_ = address; }
  void set_local_port(uint16_t port) { local_port_ = port; }
  // From then on the handshake fails: UNAVAILABLE.
  void set_tls_fails() { tls_fails_ = true; }

  Co<absl::StatusOr<size_t>> ReadSome(char* data, size_t size) override;
  Co<absl::Status> Write(std::string_view data) override;
  void SetDeadline(absl::Duration) override {}
  Co<absl::Status> AcceptTls(std::shared_ptr<const TlsContext> context) override;
  Co<absl::Status> ConnectTls(std::shared_ptr<const TlsContext> context,
                              std::string server_name) override;
  std::optional<TlsInfo> tls() const override;
  asio::ip::address peer_address() const override { return peer_; }
  asio::ip::address local_address() const override { return local_; }
  uint16_t local_port() const override { return local_port_; }
  // A scripted peer waits for its turn, and never while something runs.
  bool HasInput() const override { return false; }
  void Interrupt() override {}
  Co<absl::Status> Finish(std::string last_words, absl::Duration) override;
  void Close() override { closed_ = true; }

 private:
  absl::Status StartTls();

  std::deque<std::string> chunks_;
  bool chunk_begun_ = false;
  std::string output_;
  std::vector<std::string> replies_{""};
  std::optional<size_t> tls_after_;
  std::string server_name_;
  bool tls_fails_ = false;
  bool closed_ = false;
  asio::ip::address peer_ = asio::ip::make_address_v4("192.0.2.1");
  asio::ip::address local_ = asio::ip::make_address_v4("192.0.2.25");
  uint16_t local_port_ = 25;
};

}  // namespace staffetta::net
