// SPDX-License-Identifier: Apache-2.0
// What all benchmarks share: the devices there are, how backends are made, the machine's speed, and failed checks.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <slalom/backend.hpp>

#include "machine.hpp"
#include "problem.hpp"
#include "yardstick.hpp"

namespace slalom::bench {

/// A problem ready to run: its data, and what the reference path makes of it.
struct Trial {
  explicit Trial(const Problem& wanted) : problem(wanted), data(make_data(wanted)), first(wanted, data, 0) {
    const auto last_stream = static_cast<std::uint64_t>(wanted.n_members) - 1;
    if (last_stream > 0) last = std::make_unique<Yardstick>(wanted, data, last_stream);
  }
  Problem problem;
  Dataset data;
  Yardstick first;                  ///< of member 0
  std::unique_ptr<Yardstick> last;  ///< of the last member, if there are several
};

class Suite {
 public:
  using BackendMaker = std::function<std::unique_ptr<Backend>(DeviceKind, const ModelSpec&, const Dataset&,
                                                              std::span<const MemberConfig>, const BackendOptions&)>;

  /// `threads`: of the cpu backend where a benchmark does not say it (0: all cores). `make`: make_backend, unless a test
  /// wants to see a wrong backend caught. reference and cpu are always there, cuda if this build and machine have it.
  Suite(int threads, BackendMaker make);

  [[nodiscard]] const std::vector<DeviceKind>& devices() const noexcept { return devices_; }
  [[nodiscard]] int threads() const noexcept { return threads_; }
  [[nodiscard]] Machine& machine() noexcept { return machine_; }
  [[nodiscard]] std::unique_ptr<Backend> make(DeviceKind device, const Trial& trial, int threads) const;

  /// The trial of `problem`. One is kept, because benchmarks of one problem follow each other.
  [[nodiscard]] Trial& trial(const Problem& problem);

  /// Registers `body(state)`, timed by the clock on the wall; what it throws fails the benchmark.
  template <class Body>
  void add(const std::string& name, benchmark::TimeUnit unit, Body body) {
    const auto guarded = [this, body](benchmark::State& state) {
      try {
        body(state);
      } catch (const std::exception& error) {
        fail(state, error.what());
      }
    };
    benchmark::RegisterBenchmark(name.c_str(), guarded)->Unit(unit)->UseRealTime();
  }

  /// Ends a benchmark without a time, and the program with status 1.
  void fail(benchmark::State& state, const std::string& what);
  [[nodiscard]] int failures() const noexcept { return failures_; }

 private:
  BackendMaker make_;
  int threads_;
  std::vector<DeviceKind> devices_;
  Machine machine_;
  std::string trial_key_;
  std::unique_ptr<Trial> trial_;
  int failures_ = 0;
};

/// The counter roofline%: the least seconds that an iteration can take, in percent of those that it took; `seconds` is
/// the time of all iterations.
void count_roofline(benchmark::State& state, double floor_seconds, double seconds);
/// A counter of `per_iteration` things, as a rate.
void count_rate(benchmark::State& state, const std::string& name, double per_iteration);

/// One file a topic.
void register_epochs(Suite& suite);
void register_workloads(Suite& suite);
void register_threads(Suite& suite);
void register_products(Suite& suite);
void register_optimizers(Suite& suite);
void register_data(Suite& suite);
void register_loading(Suite& suite);
void register_all(Suite& suite);

/// Takes --threads=N out of the arguments, registers everything, runs what Google Benchmark's flags choose. Returns an
/// exit status: 0; 1 if a check failed; 64 for wrong flags, or if nothing was chosen.
[[nodiscard]] int run_suite(int argc, char** argv, const Suite::BackendMaker& make);

}  // namespace slalom::bench
