// SPDX-License-Identifier: Apache-2.0
// slalom devices: what this build can train on.
#include <fmt/format.h>
#include <omp.h>
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cuda/factory.hpp"

namespace slalom::cli {

void add_devices(CLI::App& app) {
  CLI::App* command = app.add_subcommand("devices", "List what this build can train on");
  command->callback([] {
    fmt::print("{:<10}  {}\n", "device", "what it is");
    fmt::print("{:<10}  float32, {} thread{}\n", "cpu", omp_get_num_procs(), omp_get_num_procs() == 1 ? "" : "s");
    fmt::print("{:<10}  float64, plain loops, one thread: the yardstick\n", "reference");
    const cuda::DeviceReport report = cuda::report_devices();
    for (std::size_t i = 0; i < report.devices.size(); ++i) {
      fmt::print("{:<10}  {}\n", "cuda:" + std::to_string(i), report.devices[i]);
    }
    if (!report.unavailable.empty()) fmt::print("{:<10}  not available: {}\n", "cuda", report.unavailable);
  });
}

}  // namespace slalom::cli
