// SPDX-License-Identifier: Apache-2.0
// Says what memory of the host was missing for.
#pragma once

#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace slalom::core {

/// Bytes of address space that `ulimit -v` allows this process; nothing: as many as there are.
[[nodiscard]] std::optional<double> address_space_limit() noexcept;

/// What this process has taken and may take, for people: "this process took up to 1.9 GiB of address space, and
/// ulimit -v allows 2.0 GiB", or "this process took up to 1.2 GiB of this machine's 16.0 GiB". Written into `space`
/// (128 bytes are enough); allocates nothing. Empty where the system does not tell.
[[nodiscard]] std::string_view describe_memory(std::span<char> space) noexcept;

/// Throws Error (kDevice): "out of memory while <doing><what> (...)".
[[noreturn]] void fail_for_memory(std::string_view doing, std::string_view what);

/// Calls action(). A std::bad_alloc that it lets out becomes an Error (kDevice) that names what was being done: `doing` and
/// `what`, one after another.
template <class Action>
decltype(auto) name_shortage(std::string_view doing, std::string_view what, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const std::bad_alloc&) {
    fail_for_memory(doing, what);
  }
}

}  // namespace slalom::core
