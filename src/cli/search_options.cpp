// SPDX-License-Identifier: Apache-2.0
// Parses lists, ranges and names of searches.
#include "cli/search_options.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include <slalom/error.hpp>

#include "cli/argument_checks.hpp"
#include "cli/enum_option.hpp"

namespace slalom::cli {
namespace {

using Texts = std::vector<std::string>;

std::vector<std::int64_t> parse_batch_sizes(const Texts& texts) {
  if (texts.size() == 1 && texts[0] == "auto") return {};
  std::vector<std::int64_t> sizes;
  for (const std::string& text : texts) {
    const auto size = text == "all" ? std::optional<std::int64_t>(0) : parse_whole(text);
    if (!size || (*size < 1 && text != "all")) {
      throw UsageError("--batch-sizes: found '" + text + "', expected auto, or numbers >= 1 and all: 16,64,all");
    }
    sizes.push_back(*size);
  }
  return sizes;
}

Texts split(const std::string& text, char at) {
  Texts parts(1);
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// "1e-4,1e-3", "1e-4:1e-1" or "1e-4:1e-1:7".
SearchAxis parse_axis(const std::string& flag, const Texts& texts) {
  const auto fail = [&](const std::string& text) {
    return UsageError(flag + ": found '" + text +
                      "', expected numbers (1e-4,1e-3) or one range (1e-4:1e-1, in a grid "
                      "also 1e-4:1e-1:POINTS)");
  };
  SearchAxis axis;
  for (const std::string& text : texts) {
    const Texts parts = split(text, ':');
    const auto first = parse_number(parts[0]);
    if (!first) throw fail(text);
    if (parts.size() == 1) {
      axis.values.push_back(*first);
      continue;
    }
    const auto last = parse_number(parts[1]);
    const auto points = parts.size() == 3 ? parse_whole(parts[2]) : std::optional<std::int64_t>(axis.points);
    if (texts.size() > 1 || parts.size() > 3 || !last || !points) throw fail(text);
    axis.low = *first;
    axis.high = *last;
    axis.points = *points;
    if (!(axis.low > 0.0 && axis.high > axis.low)) {
      throw UsageError(flag + ": found '" + text + "', expected LOW:HIGH with 0 < LOW < HIGH");
    }
  }
  return axis;
}

template <class Enum>
std::vector<Enum> parse_names(const std::string& flag, const Texts& texts) {
  std::vector<Enum> values;
  for (const std::string& text : texts) {
    const auto value = find_by_name<Enum>(text);
    if (!value) {
      std::vector<std::string> names = enum_names<Enum>();
      std::erase(names, "auto");
      throw UsageError(flag + ": found '" + text + "', expected some of " + CLI::detail::join(names, ", "));
    }
    values.push_back(*value);
  }
  return values;
}

}  // namespace

void add_search_options(CLI::App& app, TuneJob& job) {
  const std::string group = "Search";
  const auto add_list = [&](const std::string& flag, auto parse, const std::string& help) {
    return app
        .add_option_function<Texts>(
            flag, [parse](const Texts& texts) { parse(texts); }, help)
        ->delimiter(',')
        ->group(group);
  };
  add_list(
      "--batch-sizes", [&job](const Texts& texts) { job.batch_sizes = parse_batch_sizes(texts); },
      "Batch sizes to compare: 16,64,all; auto: powers of two from 16 that leave at least 8 steps an epoch")
      ->default_str("auto");
  add_list(
      "--devices", [&job](const Texts& texts) { job.devices = parse_names<DeviceKind>("--devices", texts); },
      "Devices to compare: cpu, cuda, reference")
      ->default_str("cpu");
  add_enum_option(app, "--search", job.search,
                  "Of rates, optimizers, l1, l2, at every batch size: grid (all combinations), random (--trials of "
                  "them), halving (random; after 1/9 and 1/3 of the epochs the best third goes on)")
      ->group(group);
  add_list(
      "--lrs", [&job](const Texts& texts) { job.learning_rates = parse_axis("--lrs", texts); },
      "Learning rates at --batch-size: a list, or a range LOW:HIGH[:POINTS] on a logarithmic scale");
  add_list(
      "--optimizers",
      [&job](const Texts& texts) { job.optimizers = parse_names<OptimizerKind>("--optimizers", texts); },
      "Update rules to compare, for example adam,momentum");
  add_list(
      "--l1s", [&job](const Texts& texts) { job.l1 = parse_axis("--l1s", texts); }, "Values of --l1, as --lrs");
  add_list(
      "--l2s", [&job](const Texts& texts) { job.l2 = parse_axis("--l2s", texts); }, "Values of --l2, as --lrs");
  app.add_option("--trials", job.trials, "random, halving: settings drawn, each tried at every batch size")
      ->capture_default_str()
      ->group(group);
  app.add_option("--repeats", job.repeats, "Seeds of every row; medians and ranges are over them (1 to 100)")
      ->capture_default_str()
      ->group(group);
  app.add_option_function<double>(
         "--target-loss", [&job](double loss) { job.target_loss = loss; },
         "Loss to be reached, in the target's own units as train prints it")
      ->default_str("best seen + 1 %")
      ->group(group);
  app.add_option("--measure-time", job.measure_seconds, "Seconds of speed measurement for every batch size")
      ->capture_default_str()
      ->group(group);
  app.add_flag_callback(
         "--no-early-stop", [&job] { job.early_stop = false; }, "Train hopeless rows to their end, too")
      ->group(group);
}

}  // namespace slalom::cli
