#include "auth/derivation_pool.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <utility>

namespace staffetta::auth {
namespace {

absl::Status TooMany() {
  return absl::UnavailableError("too many passwords are being checked; try again");
}

}  // namespace

DerivationPool::DerivationPool(int threads) : pool_(threads) {}

DerivationPool::~DerivationPool() { pool_.join(); }

template <class Result, class Derive>
Co<Result> DerivationPool::Run(Derive derive) {
  const Executor executor = co_await asio::this_coro::executor;
  Result result = co_await asio::async_initiate<decltype(use_co), void(Result)>(
      [this, executor, derive = std::move(derive)](auto handler) mutable {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        asio::post(pool_, [this, shared = std::move(shared), derive = std::move(derive),
                           work = asio::make_work_guard(executor)]() mutable {
          Result derived = derive();
          queued_.fetch_sub(1);
          asio::post(work.get_executor(),
                     [shared = std::move(shared), derived = std::move(derived)]() mutable {
                       std::move (*shared)(std::move(derived));
                     });
        });
      },
      use_co);
  co_return result;
}

Co<absl::StatusOr<bool>> DerivationPool::Matches(Verifier verifier, std::string password) {
  if (queued_.fetch_add(1) >= kLongestQueue) {
    queued_.fetch_sub(1);
    co_return TooMany();
  }
  const bool matches =
      co_await Run<bool>([verifier = std::move(verifier), password = std::move(password)] {
        return auth::Matches(verifier, password);
      });
  co_return matches;
}

Co<absl::StatusOr<Verifier>> DerivationPool::Make(std::string password, std::string salt) {
  queued_.fetch_add(1);
  Verifier made = co_await Run<Verifier>([password = std::move(password), salt = std::move(salt)] {
    return MakeVerifier(password, salt, kIterations);
  });
  co_return made;
}

}  // namespace staffetta::auth
