// SPDX-License-Identifier: Apache-2.0
// Every flag of slalom train does something, and its default is the one that --help shows.
#include <regex>
#include <set>
#include <utility>
#include <vector>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

class Flags : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    TestNumbers numbers(7);
    std::ostringstream csv;
    csv << "a,b,colour,w,y,kind\n";
    for (int i = 0; i < 120; ++i) {
      const double a = 10.0 * numbers.next(), b = 4.0 * numbers.next();
      const char* const colour = i % 3 == 0 ? "red" : i % 5 == 0 ? "green" : "blue";
      csv << a << ',';
      if (i % 7 != 0) csv << b;  // else missing
      csv << ',' << colour << ',' << 1 + i % 2 << ',' << 3.0 * a - 2.0 * b + numbers.next() << ','
          << (a < 3.0 ? "low" : "high") << '\n';
    }
    write("data.csv", csv.str());
  }

  /// The parameters of the model that these flags train: the file less its header, which names the settings themselves.
  std::string parameters(const std::string& flags) {
    const bool has_target = flags.find("--target") != std::string::npos;
    const Outcome run = slalom("train --data data.csv --quiet --out m.safetensors " +
                               std::string(has_target ? "" : "--target y --drop kind ") + flags);
    EXPECT_EQ(run.status, 0) << flags << ": " << run.err;
    const std::string file = read("m.safetensors");
    std::uint64_t header = 0;
    for (std::size_t i = 8; i-- > 0;) header = header << 8U | static_cast<unsigned char>(file.at(i));
    return file.substr(8 + header);
  }
};

TEST_F(Flags, EachOneMatters) {
  const std::string mlp = "--model mlp --hidden 6 --lr 0.01 --epochs 2 ";
  const std::string classes = "--model logistic --target kind --features b,colour ";
  const std::string steps = "--epochs 30 --lr 0.1 ";
  const std::string plateau = steps + "--schedule plateau --plateau-patience 1 --plateau-threshold 0.05 ";
  const std::pair<std::string, std::string> cases[] = {
      // common flags, the flag in question
      {"", "--valid-fraction 0.5"},
      {"", "--features a"},
      {"", "--weight-column w"},
      {"", "--scale minmax"},
      {"", "--scale none"},
      {"", "--no-target-scale"},
      {"", "--missing most-frequent"},
      {"", "--max-categories 2"},
      {"", "--categorical w"},
      {classes, "--class-weight balanced"},
      {classes, "--class-weight low=3"},
      {"--loss huber ", "--huber-delta 0.1"},
      {"--loss quantile ", "--quantile 0.9"},
      {mlp, "--batch-norm"},
      {mlp, "--dropout 0.5"},
      {mlp + "--init normal ", "--init-scale 0.5"},
      {"", "--convention keras"},
      {"", "--lr 0.002"},
      {"--optimizer momentum ", "--momentum 0.5"},
      {"--optimizer nesterov ", "--momentum 0.5"},
      {"--optimizer rmsprop ", "--momentum 0.5"},
      {"--optimizer momentum ", "--dampening 0.5"},
      {"", "--beta1 0.5"},
      {"", "--beta2 0.5"},
      {"--optimizer lion ", "--beta1 0.5"},
      {"--optimizer rmsprop ", "--rho 0.5"},
      {"", "--epsilon 0.5"},
      {"--optimizer rmsprop ", "--centered"},
      {"--optimizer adamw --beta2 0.5 ", "--amsgrad"},
      {"--optimizer adagrad ", "--lr-decay 0.5"},
      {"--optimizer adagrad ", "--initial-accumulator 0.5"},
      {"--optimizer ftrl ", "--ftrl-beta 5"},
      {"--optimizer averaged-sgd ", "--average-start 20"},
      {"", "--weight-decay 0.5"},
      {"--optimizer adamw ", "--weight-decay 0.5"},
      {"", "--l1 0.1"},
      {"", "--l2 0.1"},
      {"--optimizer sgd ", "--clip-norm 0.01"},
      {"--optimizer sgd ", "--clip-value 0.01"},
      {"", "--warmup-steps 10"},
      {"--schedule step ", "--step-every 3"},
      {"--schedule step ", "--factor 0.5"},
      {"--schedule exponential ", "--factor 0.5"},
      {"--schedule inverse-scaling ", "--power 1"},
      {"--schedule cosine ", "--min-lr 0.0005"},
      {"--schedule linear ", "--end-factor 0.5"},
      {"--schedule one-cycle ", "--pct-start 0.5"},
      {"--schedule one-cycle ", "--div-factor 5"},
      {"--schedule one-cycle ", "--final-div-factor 2"},
      {steps + "--schedule plateau --plateau-threshold 0.05 ", "--plateau-patience 1"},
      {steps + "--schedule plateau --plateau-patience 1 ", "--plateau-threshold 0.9"},
      {plateau, "--plateau-cooldown 4"},
      {"", "--batch-size 7"},
      {"", "--batch-size all"},
      {"", "--epochs 3"},
      {"", "--max-steps 5"},
      {steps, "--tol 1"},
      {"--tol 1000 ", "--patience 1"},
      {"", "--seed 2"},
      {"", "--no-shuffle"},
      {mlp, "--restarts 8"},
  };
  for (const auto& [common, flag] : cases) {
    EXPECT_FALSE(parameters(common) == parameters(common + flag)) << common << flag;
  }
}

TEST_F(Flags, EveryWordOfAListIsAnotherModel) {
  const std::string mlp = "--model mlp --hidden 6 --lr 0.01 --epochs 2 ";
  const std::pair<std::string, std::vector<const char*>> lists[] = {
      {"--optimizer ",
       {"sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw --weight-decay 0.1", "amsgrad --beta2 0.5",
        "nadam", "lion", "ftrl", "averaged-sgd"}},
      {"--schedule ",
       {"constant", "step", "multi-step --milestones 5", "multi-step --milestones 5,9", "exponential",
        "inverse-scaling", "linear", "cosine", "one-cycle"}},  // plateau: see EachOneMatters
      {"--loss ", {"mse", "mae", "huber", "quantile --quantile 0.3"}},
      {"--target kind --features b,colour --model logistic --loss ", {"bce", "hinge"}},
      {mlp + "--activation ", {"relu", "leaky-relu", "tanh", "sigmoid", "gelu", "silu"}},
      {mlp + "--init ", {"zeros", "uniform", "normal", "xavier-uniform", "xavier-normal", "he-uniform", "he-normal"}},
  };
  for (const auto& [flag, words] : lists) {
    std::set<std::string> models;
    for (const char* word : words) models.insert(parameters(flag + word));
    EXPECT_EQ(models.size(), words.size()) << flag;
  }
}

TEST_F(Flags, DefaultsAreWhatHelpShows) {
  const std::string help = slalom("train --help").out;
  const std::set<std::string> not_values{"--loss", "--device-memory"};  // "by model", "9/10 of what is free"
  const std::string expected = parameters("");
  const std::regex option(R"(\n  (--[a-z0-9-]+) [A-Z]+(:\{[^}]*\})?=(\S+))");
  int tried = 0;
  std::string all;
  for (std::sregex_iterator it(help.begin(), help.end(), option), end; it != end; ++it) {
    const std::string flag = (*it)[1], value = (*it)[3];
    if (not_values.count(flag) > 0) continue;
    all.append(flag).append(" ").append(value).append(" ");
    ++tried;
  }
  EXPECT_GE(tried, 40) << help;
  EXPECT_TRUE(parameters(all) == expected) << all;
}

}  // namespace
}  // namespace slalom::testing
