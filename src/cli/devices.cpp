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
    if (!cuda::cuda_backend_built()) fmt::print("{:<10}  not in this build\n", "cuda");
  });
}

}  // namespace slalom::cli
