#include "common/redis/send.h"

#include <utility>

namespace staffetta::redis {

using Result = Connection::Result;
using Results = Connection::Results;

// Neither is a coroutine itself: no frame stands between the caller and its reply.
Co<Result> Send(std::shared_ptr<Connection> to, Command command, absl::Duration timeout) {
  return asio::async_initiate<decltype(use_co), void(Result)>(
      [](auto resume, std::shared_ptr<Connection> connection, Command what, absl::Duration limit) {
        connection->Enqueue(std::move(what), limit, false, std::move(resume));
      },
      use_co, std::move(to), std::move(command), timeout);
}

Co<Results> SendAll(std::vector<Outgoing> all, absl::Duration timeout) {
  return asio::async_initiate<decltype(use_co), void(Results)>(
      [](auto resume, std::vector<Outgoing> what, absl::Duration limit) {
        auto batch = std::make_shared<Connection::Batch>(Connection::Batch{
            std::move(resume), Results(what.size(), absl::UnknownError("")), what.size()});
        for (size_t i = 0; i < what.size(); ++i) {
          what[i].to->Enqueue(std::move(what[i].command), limit, what[i].joined,
                              Connection::BatchSlot{batch, i});
        }
      },
      use_co, std::move(all), timeout);
}

}  // namespace staffetta::redis
