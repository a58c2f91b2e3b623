#pragma once

// What a grammar gives back: the parsed value, or which rule the input broke. An answer, not an
// absl::Status: bad input from a peer is ordinary data here.

#include <utility>
#include <variant>

namespace staffetta::smtp {

// T and E must be different types. Reading the side that is absent throws: check ok() first.
template <class T, class E>
class [[nodiscard]] Parsed {
 public:
  // Implicit, so that a grammar returns a value or an error as it is.
  Parsed(T value)  // NOLINT(google-explicit-constructor)
      : state_(std::in_place_index<0>, std::move(value)) {}
  Parsed(E error)  // NOLINT(google-explicit-constructor)
      : state_(std::in_place_index<1>, error) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  E error() const { return std::get<1>(state_); }

 private:
  std::variant<T, E> state_;
};

}  // namespace staffetta::smtp
