#include "common/net/scripted_stream.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace staffetta::net {

ScriptedStream::ScriptedStream(std::vector<std::string> chunks) {
  std::copy_if(std::make_move_iterator(chunks.begin()), std::make_move_iterator(chunks.end()),
               std::back_inserter(chunks_),
               [](const std::string& chunk) { return !chunk.empty(); });
}

Co<absl::StatusOr<size_t>> ScriptedStream::ReadSome(char* data, size_t size) {
  if (closed_) co_return absl::CancelledError("the stream is closed");
  if (chunks_.empty()) co_return absl::OutOfRangeError("the peer closed the connection");
  std::string& chunk = chunks_.front();
  if (!chunk_begun_) replies_.emplace_back();
  const size_t got = std::min(size, chunk.size());
  std::memcpy(data, chunk.data(), got);
  chunk.erase(0, got);
  chunk_begun_ = !chunk.empty();
  if (chunk.empty()) chunks_.pop_front();
  co_return got;
}

Co<absl::Status> ScriptedStream::Write(std::string_view data) {
  if (closed_) co_return absl::CancelledError("the stream is closed");
  output_ += data;
  replies_.back() += data;
  co_return absl::OkStatus();
}

Co<absl::Status> ScriptedStream::AcceptTls(std::shared_ptr<const TlsContext>) {
  co_return StartTls();
}

Co<absl::Status> ScriptedStream::ConnectTls(std::shared_ptr<const TlsContext>,
                                            std::string server_name) {
  server_name_ = std::move(server_name);
  co_return StartTls();
}

std::optional<TlsInfo> ScriptedStream::tls() const {
  if (!tls_after_.has_value()) return std::nullopt;
  return TlsInfo{"TLSv1.3", "TLS_AES_256_GCM_SHA384"};
}

absl::Status ScriptedStream::StartTls() {
  if (closed_) return absl::CancelledError("the stream is closed");
  if (tls_fails_) return absl::UnavailableError("TLS handshake: refused by the script");
  if (tls_after_.has_value()) {
    return absl::FailedPreconditionError("the stream is in TLS already");
  }
  tls_after_ = output_.size();
  return absl::OkStatus();
}

Co<absl::Status> ScriptedStream::Finish(std::string last_words, absl::Duration) {
  const absl::Status written = co_await Write(last_words);
  Close();
  co_return written;
}

}  // namespace staffetta::net
