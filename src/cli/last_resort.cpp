// SPDX-License-Identifier: Apache-2.0
// A terminate handler and an exit handler.
#include "cli/last_resort.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <thread>

#include <slalom/error.hpp>

#include "core/host_memory.hpp"

namespace slalom::cli {
namespace {

std::atomic<bool> ended_by_main{false};
std::atomic_flag memory_told;  ///< a thread says so, or has
std::atomic<bool> memory_printed{false};

/// Past the buffers of stdio, whose locks another thread may hold.
void print(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void print_shortage() noexcept {
  std::array<char, 128> space{};
  std::array<char, 192> line{};
  const std::string_view facts = core::describe_memory(space);
  const int length = std::snprintf(line.data(), line.size(),
                                   facts.empty() ? "slalom: out of memory\n" : "slalom: out of memory (%.*s)\n",
                                   static_cast<int>(facts.size()), facts.data());
  print({line.data(), static_cast<std::size_t>(length)});
  memory_printed = true;
}

[[noreturn]] void on_terminate() noexcept {
  const std::exception_ptr exception = std::current_exception();
  try {
    if (exception) std::rethrow_exception(exception);
  } catch (const std::bad_alloc&) {
    // Another thread may have said so, and may wait for this one while it ends the process: neither may wait for the other.
    if (!memory_told.test_and_set()) print_shortage();
    while (!memory_printed) std::this_thread::yield();
    std::_Exit(static_cast<int>(ExitCode::kDevice));
  } catch (...) {  // a defect
  }
  std::abort();
}

void on_exit() noexcept {
  if (ended_by_main) return;
  print("slalom: a library ended the program, for want of memory or threads; --threads 1 needs the least\n");
  std::_Exit(static_cast<int>(ExitCode::kDevice));
}

}  // namespace

void install_last_resort() noexcept {
  std::set_terminate(on_terminate);
  static_cast<void>(std::atexit(on_exit));  // one that cannot be registered is not missed before memory runs out
}

void remove_last_resort() noexcept { ended_by_main = true; }

void end_within_limit(int status) noexcept {
  if (!core::address_space_limit()) return;
  std::fflush(nullptr);
  std::_Exit(status);
}

void print_out_of_memory() noexcept {
  if (!memory_told.test_and_set()) print_shortage();
}

}  // namespace slalom::cli
