// SPDX-License-Identifier: Apache-2.0
// slalom landscape: the ways of optimizers over a surface, as a page, as pictures, and as numbers.
#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <slalom/error.hpp>

#include "cli/argument_checks.hpp"
#include "cli/command.hpp"
#include "cli/config_file.hpp"
#include "cli/enum_option.hpp"
#include "cli/options.hpp"
#include "cli/output_paths.hpp"
#include "data/atomic_file.hpp"
#include "landscape/page.hpp"
#include "landscape/picture_file.hpp"
#include "landscape/ways_text.hpp"
#include "render/svg_png.hpp"
#include "render/vega_svg.hpp"

namespace slalom::cli {
namespace {

using Texts = std::vector<std::string>;

struct LandscapeOptions {
  std::string surface, data, target, feature, config;
  ReadOptions read;
  Scaling scaling = Scaling::kNone;
  landscape::Settings settings;
  std::string out, svg, png;
  bool dark = false, json = false, quiet = false;
  std::int64_t width = 900;
  double scale = 2.0;
};

/// "adam" or "adam=0.1".
landscape::Contender parse_contender(const std::string& text) {
  const std::size_t equals = text.find('=');
  const auto kind = find_by_name<OptimizerKind>(text.substr(0, equals));
  const bool rated = equals != std::string::npos;
  const auto rate = rated ? parse_number(text.substr(equals + 1)) : std::nullopt;
  if (!kind || (rated && !rate)) {
    throw UsageError(
        fmt::format("--optimizers: found '{}', expected NAME or NAME=RATE, separated by commas, with NAME one of {}",
                    text, CLI::detail::join(enum_names<OptimizerKind>(), ", ")));
  }
  return {.kind = *kind, .learning_rate = rate};
}

/// "-1.2,1"
landscape::Point parse_start(const std::string& text) {
  const std::size_t comma = text.find(',');
  const auto x = parse_number(text.substr(0, comma));
  const auto y = comma == std::string::npos ? std::nullopt : parse_number(text.substr(comma + 1));
  if (!x || !y) throw UsageError(fmt::format("--start: found '{}', expected two numbers: X,Y", text));
  return {*x, *y};
}

landscape::Surface surface_of(const LandscapeOptions& o, Notes& notes) {
  if (o.data.empty()) {
    if (!o.target.empty() || !o.feature.empty()) {
      throw UsageError(fmt::format("{}: found without --data, expected a file with that column",
                                   o.target.empty() ? "--feature" : "--target"));
    }
    return landscape::built_in_surface(o.surface.empty() ? "valley" : o.surface);
  }
  if (!o.surface.empty()) throw UsageError("--surface: found with --data, expected one of them");
  if (o.target.empty()) throw UsageError("--target: found nothing, expected the column of --data to predict");
  PreprocessOptions preprocess;
  preprocess.targets = {o.target};
  if (!o.feature.empty()) preprocess.features = {o.feature};
  preprocess.scaling = o.scaling;
  preprocess.target_scaling = o.scaling == Scaling::kNone ? Scaling::kNone : Scaling::kStandard;
  return landscape::regression_surface(read_table(o.data, o.read), preprocess, notes);
}

/// The first picture for slides.
void write_pictures(const LandscapeOptions& o, const landscape::Surface& surface,
                    const std::vector<landscape::Picture>& pictures) {
  if (o.svg.empty() && o.png.empty()) return;
  const auto width = static_cast<int>(o.width);
  const auto scheme = o.dark ? report::html::Scheme::kDark : report::html::Scheme::kLight;
  const landscape::PictureFile picture = landscape::picture_file(surface, pictures.front(), scheme, width);
  const std::string svg = render::vega_svg(picture.spec, picture.config, width);
  if (!o.svg.empty()) write_file(o.svg, svg + "\n");
  if (!o.png.empty()) write_file(o.png, render::svg_png(svg, o.scale));
}

void run_landscape(LandscapeOptions& o, const std::string& command_line) {
  if (o.out.empty() && o.svg.empty() && o.png.empty() && !o.json && o.quiet) {
    throw UsageError("landscape: found --quiet and no output, expected --out, --svg, --png or --json");
  }
  if (o.settings.pictures.empty()) o.settings.pictures = landscape::picture_ids();
  validate(o.settings);
  if (o.width < 320 || o.width > 4000) {
    throw UsageError(fmt::format("--width: found {}, expected 320 to 4000", o.width));
  }
  if (!(o.scale >= 0.5 && o.scale <= 4.0)) {
    throw UsageError(fmt::format("--scale-png: found {}, expected 0.5 to 4", o.scale));
  }
  require_own_files({{"--data", o.data}, {"--targets-file", o.read.targets_path}, {"--config", o.config}},
                    {{"--out", o.out}, {"--svg", o.svg}, {"--png", o.png}});
  require_writable({o.out, o.svg, o.png});
  Notes notes;
  const landscape::Surface surface = surface_of(o, notes);
  if (!o.quiet) print_notes(notes);
  const std::vector<landscape::Picture> pictures = landscape::make_pictures(surface, o.settings, &stop_requested);
  if (stop_requested) {
    set_exit_status(static_cast<int>(ExitCode::kInterrupted));
    return;
  }
  if (!o.out.empty()) landscape_page(surface, pictures, command_line).write(o.out);
  write_pictures(o, surface, pictures);
  if (!o.quiet) fmt::print("{}", landscape_table(surface, pictures, style_of(stdout)));
  if (o.json) print_json(landscape_json(surface, pictures));
}

void add_surface_options(CLI::App& command, LandscapeOptions& o) {
  command.add_option("surface,--surface", o.surface, "What to descend on; valley if neither this nor --data is given")
      ->check(one_of(landscape::surface_names()));
  command.add_option("--data", o.data, "Instead: the mean squared error of a line through two columns of this file");
  command.add_option("--target", o.target, "With --data: the column to predict, a name or an index");
  command.add_option("--feature", o.feature,
                     "With --data: the column to predict from, if there are others than the target");
  add_enum_option(command, "--scale", o.scaling, "With --data: scaling of both columns; none: their own units");
}

void add_way_options(CLI::App& command, LandscapeOptions& o) {
  const std::string group = "Ways";
  command
      .add_option_function<Texts>(
          "--optimizers",
          [&o](const Texts& texts) {
            o.settings.contenders.clear();
            for (const std::string& text : texts) o.settings.contenders.push_back(parse_contender(text));
          },
          "To be compared: NAME or NAME=RATE,... A rate that is left out suits the surface. The first one also walks "
          "the "
          "pictures path, rates and starts")
      ->delimiter(',')
      ->default_str("sgd,momentum,rmsprop,adam")
      ->group(group);
  command.add_option("--rates", o.settings.rates, "Learning rates of the picture rates: 0.1,1.02")
      ->delimiter(',')
      ->group(group);
  command
      .add_option_function<Texts>(
          "--start",
          [&o](const Texts& texts) {
            o.settings.starts.clear();
            for (const std::string& text : texts) o.settings.starts.push_back(parse_start(text));
          },
          "Where to begin: X,Y; may be given several times. The first one is that of all pictures but starts")
      ->take_all()
      ->group(group);
  command.add_option("--steps", o.settings.steps, "Steps of every way; 0: as many as suit the surface")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--gradient-tol", o.settings.gradient_tolerance, "Stop where the gradient's norm is not above this")
      ->capture_default_str()
      ->group(group);
}

void add_output_options(CLI::App& command, LandscapeOptions& o) {
  const std::string group = "Output";
  command.add_option("--out", o.out, "Write a page (HTML) with all pictures, sliders and numbers; it needs no network")
      ->group(group);
  command.add_option("--picture", o.settings.pictures, "Which pictures, in this order; all if not given")
      ->delimiter(',')
      ->check(one_of(landscape::picture_ids()))
      ->group(group);
  command.add_option("--svg", o.svg, "Write the first picture as SVG")->group(group);
  command.add_option("--png", o.png, "Write the first picture as PNG")->group(group);
  command.add_flag("--dark", o.dark, "SVG and PNG in dark colors (the page follows its reader)")->group(group);
  command.add_option("--width", o.width, "Width of SVG and PNG (320 to 4000)")->capture_default_str()->group(group);
  command.add_option("--scale-png", o.scale, "Pixels of the PNG for each of --width (0.5 to 4)")
      ->capture_default_str()
      ->group(group);
  command.add_flag("--json", o.json, "Print one JSON object, with every point, as the last line of stdout")
      ->group(group);
  command.add_flag("--quiet", o.quiet, "Print nothing but errors (and --json)")->group(group);
}

}  // namespace

void add_landscape(CLI::App& app, const std::string& command_line) {
  auto o = std::make_shared<LandscapeOptions>();
  o->settings.contenders = {{OptimizerKind::kSgd, {}},
                            {OptimizerKind::kMomentum, {}},
                            {OptimizerKind::kRmsprop, {}},
                            {OptimizerKind::kAdam, {}}};
  CLI::App* command = app.add_subcommand("landscape", "Draw how optimizers descend on a surface, or on a file's own");
  add_surface_options(*command, *o);
  add_way_options(*command, *o);
  add_output_options(*command, *o);
  add_read_options(*command, o->read);
  add_optimizer_options(*command, o->settings.constants);
  command->remove_option(command->get_option("--optimizer"));  // --optimizers
  command->remove_option(command->get_option("--lr"));         // --optimizers, --rates
  add_schedule_options(*command, o->settings.schedule);
  add_config_option(*command, o->config);
  command->callback([o, command_line] { run_landscape(*o, command_line); });
}

}  // namespace slalom::cli
