// SPDX-License-Identifier: Apache-2.0
// Reads the process's own account of its memory.
#include "core/host_memory.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include <slalom/error.hpp>

namespace slalom::core {
namespace {

constexpr double kGibibyte = 1024.0 * 1024.0 * 1024.0;

/// The number behind `name` in /proc/self/status, in bytes; 0 if it is not there.
double status_bytes(std::string_view status, std::string_view name) noexcept {
  const std::size_t at = status.find(name);
  if (at == std::string_view::npos) return 0.0;
  std::string_view rest = status.substr(at + name.size());
  rest.remove_prefix(std::min(rest.find_first_of("0123456789"), rest.size()));
  unsigned long long kibibytes = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), kibibytes);
  return 1024.0 * static_cast<double>(kibibytes);
}

}  // namespace

std::optional<double> address_space_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

std::string_view describe_memory(std::span<char> space) noexcept {
  std::array<char, 4096> status{};
  const int file = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  const ssize_t n = ::read(file, status.data(), status.size());
  ::close(file);
  const std::string_view text(status.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  const std::optional<double> limit = address_space_limit();
  const bool limited = limit.has_value();
  const double taken = status_bytes(text, limited ? "VmPeak:" : "VmHWM:");
  const double allowed =
      limited ? *limit : static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (!(taken > 0.0)) return {};
  const int length = std::snprintf(space.data(), space.size(),
                                   limited ? "this process took up to %.2f GiB of address space, and ulimit -v allows "
                                             "%.2f GiB"
                                           : "this process took up to %.2f GiB of this machine's %.2f GiB",
                                   taken / kGibibyte, allowed / kGibibyte);
  return {space.data(), std::min(static_cast<std::size_t>(std::max(length, 0)), space.size() - 1)};
}

void fail_for_memory(std::string_view doing, std::string_view what) {
  std::array<char, 128> space{};
  const std::string_view facts = describe_memory(space);
  std::string message("out of memory while ");
  message.append(doing).append(what);
  if (!facts.empty()) message.append(" (").append(facts).append(")");
  throw Error(ExitCode::kDevice, message);
}

}  // namespace slalom::core
