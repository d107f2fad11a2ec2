// SPDX-License-Identifier: Apache-2.0
// Every metric of slalom evaluate, computed again from what slalom predict wrote.
#include <cmath>
#include <map>
#include <sstream>
#include <vector>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

std::vector<std::vector<std::string>> rows_of(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string>& row = rows.emplace_back();
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
  }
  rows.erase(rows.begin());  // header
  return rows;
}

/// n rows with noisy classes, and a number that depends on the same features.
std::string noisy_csv(int n, const std::vector<std::string>& classes) {
  std::ostringstream csv;
  csv << "a,b,kind,y\n";
  TestNumbers numbers(99);
  for (int i = 0; i < n; ++i) {
    const double a = numbers.next(), b = numbers.next(), noise = numbers.next();
    const auto k = static_cast<std::size_t>((0.6 * a + 0.4 * noise) * static_cast<double>(classes.size()));
    csv << a << ',' << b << ',' << classes[k] << ',' << 1000.0 + 50.0 * a - 20.0 * b + 10.0 * noise << '\n';
  }
  return csv.str();
}

class MetricsFromPredictions : public CommandLine {
 protected:
  /// Trains, predicts and evaluates; fills truth (the column `target` of the data), predictions and metrics.
  void run(const std::string& csv, std::size_t target, const std::string& flags) {
    write("data.csv", csv);
    const Outcome trained = slalom("train --data data.csv --epochs 10 --lr 0.02 --out m.safetensors --quiet " + flags);
    ASSERT_EQ(trained.status, 0) << trained.err;
    ASSERT_EQ(slalom("predict --model m.safetensors --data data.csv --out p.csv --quiet").status, 0);
    const Outcome evaluated = slalom("evaluate --model m.safetensors --data data.csv --json");
    ASSERT_EQ(evaluated.status, 0) << evaluated.err;
    metrics = evaluated.json();
    predictions = rows_of(read("p.csv"));
    for (const auto& row : rows_of(csv)) truth.push_back(row.at(target));
    ASSERT_EQ(predictions.size(), truth.size());
  }

  void expect_class_metrics(const std::vector<std::string>& classes) {
    const std::size_t n = truth.size(), k = classes.size();
    std::map<std::string, std::size_t> label;
    for (std::size_t c = 0; c < k; ++c) label[classes[c]] = c;
    std::vector<std::vector<int>> confusion(k, std::vector<int>(k, 0));
    double right = 0.0, loss = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t t = label.at(truth[i]), p = label.at(predictions[i].at(0));
      ++confusion[t][p];
      right += t == p ? 1.0 : 0.0;
      loss -= std::log(std::stod(predictions[i].at(1 + t)));
    }
    EXPECT_EQ(metrics.at("confusion").get<std::vector<std::vector<int>>>(), confusion);
    EXPECT_NEAR(metrics.at("accuracy").get<double>(), right / static_cast<double>(n), 1e-12);
    EXPECT_NEAR(metrics.at("log_loss").get<double>(), loss / static_cast<double>(n), 1e-9);
    double f1 = 0.0, auc = 0.0;
    const std::size_t first = k == 2 ? 1 : 0;
    for (std::size_t c = first; c < k; ++c) {
      double true_positive = confusion[c][c], actual = 0.0, predicted = 0.0;
      for (std::size_t other = 0; other < k; ++other) {
        actual += confusion[c][other];
        predicted += confusion[other][c];
      }
      f1 += 2.0 * true_positive / (actual + predicted);
      auc += area(c, label);
    }
    EXPECT_NEAR(metrics.at("f1").get<double>(), f1 / static_cast<double>(k - first), 1e-12);
    EXPECT_NEAR(metrics.at("auc").get<double>(), auc / static_cast<double>(k - first), 1e-9);
  }

  /// The share of pairs (row of class c, other row) in which the former has the higher probability of c; ties half.
  double area(std::size_t c, const std::map<std::string, std::size_t>& label) const {
    double above = 0.0, pairs = 0.0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      if (label.at(truth[i]) != c) continue;
      for (std::size_t j = 0; j < truth.size(); ++j) {
        if (label.at(truth[j]) == c) continue;
        const double mine = std::stod(predictions[i].at(1 + c)), theirs = std::stod(predictions[j].at(1 + c));
        above += mine > theirs ? 1.0 : (mine == theirs ? 0.5 : 0.0);
        pairs += 1.0;
      }
    }
    return above / pairs;
  }

  nlohmann::json metrics;
  std::vector<std::string> truth;
  std::vector<std::vector<std::string>> predictions;
};

TEST_F(MetricsFromPredictions, AgreeForTwoClasses) {
  const std::vector<std::string> classes{"no", "yes"};
  run(noisy_csv(300, classes), 2, "--target kind --model logistic --drop y");
  expect_class_metrics(classes);
}

TEST_F(MetricsFromPredictions, AgreeForThreeClasses) {
  const std::vector<std::string> classes{"blue", "green", "red"};
  run(noisy_csv(300, classes), 2, "--target kind --model softmax --drop y");
  expect_class_metrics(classes);
}

TEST_F(MetricsFromPredictions, AgreeForANetworkOfClasses) {
  const std::vector<std::string> classes{"blue", "green", "red", "white"};
  run(noisy_csv(300, classes), 2, "--target kind --model mlp --hidden 8 --drop y");
  expect_class_metrics(classes);
}

TEST_F(MetricsFromPredictions, AgreeForANumber) {
  run(noisy_csv(300, {"no", "yes"}), 3, "--target y");
  const auto n = static_cast<double>(truth.size());
  double squares = 0.0, sizes = 0.0, mean = 0.0, spread = 0.0;
  for (const std::string& y : truth) mean += std::stod(y) / n;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double y = std::stod(truth[i]), error = std::stod(predictions[i].at(0)) - y;
    squares += error * error;
    sizes += std::fabs(error);
    spread += (y - mean) * (y - mean);
  }
  // Targets are stored as float32 of about unit size: errors of 1e-7 of their spread.
  EXPECT_NEAR(metrics.at("mse").get<double>(), squares / n, 1e-6 * squares / n);
  EXPECT_NEAR(metrics.at("rmse").get<double>(), std::sqrt(squares / n), 1e-6 * std::sqrt(squares / n));
  EXPECT_NEAR(metrics.at("mae").get<double>(), sizes / n, 1e-6 * sizes / n);
  EXPECT_NEAR(metrics.at("r2").get<double>(), 1.0 - squares / spread, 1e-6);
  EXPECT_NEAR(metrics.at("loss").get<double>(), squares / n, 1e-6 * squares / n);
}

}  // namespace
}  // namespace slalom::testing
