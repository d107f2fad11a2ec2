// SPDX-License-Identifier: Apache-2.0
// slalom devices: what this build can train on.
#include <fmt/format.h>
#include <omp.h>
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cpu/instruction_set.hpp"
#include "cuda/factory.hpp"
#include "text/table.hpp"

namespace slalom::cli {

void add_devices(CLI::App& app) {
  CLI::App* command = app.add_subcommand("devices", "List what this build can train on");
  command->callback([] {
    text::TextTable table({text::ColumnKind::kName, text::ColumnKind::kNote});
    table.heading({"device", "what it is"});
    const int threads = omp_get_num_procs();
    table.add({"cpu", fmt::format("float32, {} thread{}, {} instructions", threads, threads == 1 ? "" : "s",
                                  cpu::chosen_instruction_set().name)});
    table.add({"reference", "float64, plain loops, one thread: the yardstick"});
    const cuda::DeviceReport report = cuda::report_devices();
    for (std::size_t i = 0; i < report.devices.size(); ++i) table.add({fmt::format("cuda:{}", i), report.devices[i]});
    if (!report.unavailable.empty())
      table.add({"cuda", {"not available: " + report.unavailable, text::Tone::kCaution}});
    fmt::print("{}", table.text(style_of(stdout)));
  });
}

}  // namespace slalom::cli
