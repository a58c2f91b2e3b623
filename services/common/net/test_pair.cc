#include "common/net/test_pair.h"

#include <stdlib.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstdio>
#include <filesystem>

#include "common/base/check.h"
#include "common/net/tcp_stream.h"

namespace staffetta::net {

StreamPair NewStreamPair(Executor executor) {
  asio::io_context io;
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  TcpSocket client(executor);
  client.connect(acceptor.local_endpoint());
  TcpSocket server = acceptor.accept(executor);
  return {NewTcpStream(std::move(client)), NewTcpStream(std::move(server))};
}

TestDirectory::TestDirectory() {
  path_ = (std::filesystem::temp_directory_path() / "net-test-XXXXXX").string();
  CHECK(::mkdtemp(path_.data()) != nullptr);
}

TestDirectory::~TestDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::shared_ptr<const TlsContext> NewTestServerContext() {
  const TestDirectory directory;
  const std::string certificate = directory.File("tls.crt");
  const std::string key = directory.File("tls.key");
  CHECK(EnsureSelfSigned(certificate, key, "mx.example.test").ok());
  auto context = TlsContext::Server({{certificate, key}});
  CHECK(context.ok());
  return *std::move(context);
}

}  // namespace staffetta::net
