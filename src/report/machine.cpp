// SPDX-License-Identifier: Apache-2.0
// Asks Linux.
#include "report/machine.hpp"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>

#include <fmt/format.h>

#include "report/byte_text.hpp"

namespace slalom::report {
namespace {

#ifdef __clang__
constexpr const char* kCompiler = "clang " __clang_version__;
#else
constexpr const char* kCompiler = "gcc " __VERSION__;
#endif

/// The value of the first line "<name> : <value>" of /proc/cpuinfo.
std::string processor(const std::string& name) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with(name) && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> machine_facts() {
  std::vector<std::pair<std::string, std::string>> facts;
  if (const std::string name = processor("model name"); !name.empty()) facts.emplace_back("processor", name);
  if (const int cores = usable_cores(); cores > 0) facts.emplace_back("usable cores", std::to_string(cores));
  const std::int64_t pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  if (pages > 0 && page > 0) facts.emplace_back("memory", byte_text(pages * page));
  if (utsname system{}; uname(&system) == 0) {
    facts.emplace_back("system", fmt::format("{} {}, {}", system.sysname, system.release, system.machine));
  }
#ifdef NDEBUG
  facts.emplace_back("built with", fmt::format("{}, optimised", kCompiler));
#else
  facts.emplace_back("built with", fmt::format("{}, for debugging", kCompiler));
#endif
  return facts;
}

std::optional<std::int64_t> resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t total = 0, resident = 0;
  if (!(file >> total >> resident)) return std::nullopt;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace slalom::report
