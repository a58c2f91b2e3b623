#pragma once

// An SMTP server for tests that answers as it is told. Confined to its executor's thread.

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/task_group.h"
#include "common/net/line_reader.h"
#include "common/net/listener.h"
#include "common/net/stream.h"

namespace staffetta::delivery {

class TestServer {
 public:
  // Listens on 127.0.0.1.
  explicit TestServer(Executor executor);
  ~TestServer();

  uint16_t port() const { return listener_->port(); }

  // The next answers at a point of the dialogue, before its usual one comes back: "connect",
  // "EHLO", "HELO", "STARTTLS", "MAIL", "RCPT", "DATA", "." (end of data), "BDAT" (the last chunk),
  // "chunk" (another one), "RSET". "!close" instead of a reply, or behind one, closes; "!silence"
  // says nothing any more.
  std::map<std::string, std::deque<std::string>> script;
  // What EHLO announces.
  std::vector<std::string> abilities = {"PIPELINING", "8BITMIME", "SIZE 1000000"};
  // For STARTTLS, which is announced then.
  std::shared_ptr<const net::TlsContext> tls;

  // What was seen.
  int connections = 0;
  int encrypted = 0;                   // TLS handshakes that went well
  std::vector<std::string> commands;   // lines, in order, of all connections
  std::vector<std::string> contents;   // of messages whose end came, without dot-stuffing
  std::vector<std::string> delivered;  // those answered 250

  // Ends it; connections are closed. Await before destruction.
  Co<void> Stop();

 private:
  Co<void> Serve(std::unique_ptr<net::Stream> stream);
  Co<void> Talk(net::Stream* stream);
  Co<bool> ReadContent(net::Stream* stream, net::LineReader* reader);
  Co<bool> ReadChunk(net::Stream* stream, net::LineReader* reader, size_t size, bool last);
  // False: the connection is over.
  Co<bool> Answer(net::Stream* stream, std::string point, std::string usual,
                  std::string* said = nullptr);

  const Executor executor_;
  std::unique_ptr<net::Listener> listener_;
  std::string chunks_;  // of the message that has not ended yet
  TaskGroup group_;
};

}  // namespace staffetta::delivery
