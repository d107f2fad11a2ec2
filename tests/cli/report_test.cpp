// SPDX-License-Identifier: Apache-2.0
// Reports of real runs: what is in them is true, whatever the run, its names and its end.
#include <cstddef>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "support/sanitized.hpp"

namespace slalom::testing {
namespace {

using Json = nlohmann::json;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

class Report : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("plane.csv", plane_csv(200));
  }

  /// Ids of the charts of a page; each has a spec that is JSON, and a table.
  [[nodiscard]] std::set<std::string> charts(const std::string& name) const {
    const std::string page = read(name);
    std::set<std::string> ids;
    const std::string mark = "data-chart=\"";
    for (std::size_t at = page.find(mark); at != std::string::npos; at = page.find(mark, at + 1)) {
      const std::size_t begin = at + mark.size();
      ids.insert(page.substr(begin, page.find('"', begin) - begin));
    }
    for (const std::string& id : ids) {
      EXPECT_TRUE(spec(name, id).is_object()) << id;
      EXPECT_EQ(count(page, "<details data-table=\"" + id + "\">"), 1U) << id;
    }
    return ids;
  }

  [[nodiscard]] Json spec(const std::string& name, const std::string& id) const {
    const std::string page = read(name), mark = "id=\"spec-" + id + "\">";
    const std::size_t at = page.find(mark);
    if (at == std::string::npos) return nullptr;
    const std::size_t begin = at + mark.size();
    return Json::parse(page.substr(begin, page.find("</script>", begin) - begin));
  }

  /// What one curve of a chart draws.
  [[nodiscard]] std::vector<double> curve(const std::string& name, const std::string& id, const std::string& of) const {
    std::vector<double> drawn;
    for (const Json& row : values(name, id)) {
      if (row.at("s") == of && row.at("y").is_number()) drawn.push_back(row.at("y").get<double>());
    }
    return drawn;
  }

  /// The first data set of a chart.
  [[nodiscard]] Json values(const std::string& name, const std::string& id) const {
    return spec(name, id).at("data").at(0).at("values");
  }

  [[nodiscard]] std::vector<double> logged(const std::string& name, const std::string& key) const {
    std::vector<double> numbers;
    std::ifstream file(folder() / name);
    for (std::string line; std::getline(file, line);) {
      const Json entry = Json::parse(line);
      if (entry.at("event") == "epoch" && entry.at("member") == 0) numbers.push_back(entry.at(key).get<double>());
    }
    return numbers;
  }

  /// The page without Vega and the page's own script.
  [[nodiscard]] std::string own_part(const std::string& name) const {
    const std::string page = read(name);
    return page.substr(0, page.find("<script>\n/*! Vega"));
  }
};

using Ids = std::set<std::string>;

TEST_F(Report, ShowsARegressionAsItsLogTells) {
  const Outcome run =
      slalom("train --data plane.csv --target y --epochs 6 --lr 0.1 --report r.html --metrics r.jsonl --json");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.out.find("report written to r.html\n"), std::string::npos);
  EXPECT_EQ(charts("r.html"), (Ids{"loss", "metrics", "speed", "predicted", "residuals", "coefficients"}));
  EXPECT_EQ(curve("r.html", "loss", "training"), logged("r.jsonl", "train_loss"));
  EXPECT_EQ(curve("r.html", "loss", "learning rate"), logged("r.jsonl", "lr"));
  EXPECT_EQ(curve("r.html", "loss", "validation").size(), 6U);
  EXPECT_EQ(curve("r.html", "speed", "process memory").size(), 6U);

  double rows = 0.0;
  for (const Json& bar : values("r.html", "residuals")) rows += bar.at("n").get<double>();
  EXPECT_EQ(rows, run.json().at("valid").at("rows").get<double>());
  const Json points = values("r.html", "predicted");
  EXPECT_EQ(static_cast<double>(points.size()), rows);

  const std::string page = own_part("r.html");
  for (const char* part : {"--target y --epochs 6 --lr 0.1", "Every setting",
                           "<th scope=\"row\">--epochs</th><td>6</td>", "all epochs done", "UW Interactive"}) {
    EXPECT_NE((part == std::string("UW Interactive") ? read("r.html") : page).find(part), std::string::npos) << part;
  }
  EXPECT_EQ(count(page, "http"), count(page, "http-equiv"));
}

TEST_F(Report, IsMadeAgainFromTheLog) {
  ASSERT_EQ(slalom("train --data plane.csv --target y --epochs 5 --quiet --report r.html --metrics r.jsonl").status, 0);
  const Outcome again = slalom("report r.jsonl --out again.html");
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.out, "report written to again.html\n");
  std::string first = read("r.html"), second = read("again.html");
  const std::string named = "model, r.html", renamed = "model, r.jsonl";
  ASSERT_NE(first.find(named), std::string::npos);
  first.replace(first.find(named), named.size(), renamed);
  EXPECT_TRUE(first == second);
}

TEST_F(Report, ShowsTwoClassesAndMore) {
  std::string two = "x,z,kind\n", three = "x,z,kind\n";
  TestNumbers numbers(5);
  for (int i = 0; i < 240; ++i) {
    const std::string features = std::to_string(numbers.next() + i % 2) + "," + std::to_string(numbers.next() + i % 3);
    two += features + (i % 2 == 0 ? ",no\n" : ",yes\n");
    three += features + (i % 3 == 0 ? ",a\n" : i % 3 == 1 ? ",b\n" : ",c\n");
  }
  write("two.csv", two);
  write("three.csv", three);
  ASSERT_EQ(slalom("train --data two.csv --target kind --model logistic --lr 0.1 --quiet --report two.html").status, 0);
  const Ids common{"loss", "metrics", "speed", "roc", "precision-recall", "confusion"};
  Ids with_coefficients = common;
  with_coefficients.insert("coefficients");
  EXPECT_EQ(charts("two.html"), with_coefficients);
  EXPECT_EQ(curve("two.html", "roc", "yes").back(), 1.0);
  double rows = 0.0;
  for (const Json& cell : values("two.html", "confusion")) rows += cell.at("n").get<double>();
  EXPECT_EQ(rows, 48.0);

  ASSERT_EQ(slalom("train --data three.csv --target kind --model mlp --hidden 8 --quiet --report three.html").status,
            0);
  EXPECT_EQ(charts("three.html"), common);
  for (const char* name : {"a", "b", "c"}) EXPECT_FALSE(curve("three.html", "roc", name).empty()) << name;
}

TEST_F(Report, TakesHostileNamesForText) {
  const std::string header = "\"</script><script>alert(1)</script>\",\"<img src=x>\"\"&\",y\n";
  std::string csv = header, calm = "a,b,y\n";
  for (int i = 0; i < 60; ++i) {
    const std::string row =
        std::to_string(i % 7) + "," + std::to_string(i % 5) + (i % 2 == 0 ? ",<b>no" : ",</html>") + "\n";
    csv += row;
    calm += row;
  }
  write("hostile.csv", csv);
  write("calm.csv", calm);
  for (const char* name : {"hostile", "calm"}) {
    const std::string stem = name;
    const Outcome run =
        slalom("train --data " + stem + ".csv --target y --model logistic --quiet --report " + stem + ".html");
    ASSERT_EQ(run.status, 0) << run.err;
  }
  const std::string page = own_part("hostile.html"), other = own_part("calm.html");
  for (const char* part : {"<script", "</script", "<img", "<b>", "</html"}) {
    EXPECT_EQ(count(page, part), count(other, part)) << part;
  }
  EXPECT_NE(page.find("&lt;/script&gt;&lt;script&gt;alert(1)"), std::string::npos);
}

TEST_F(Report, TellsOfRestartsAndFolds) {
  ASSERT_EQ(slalom("train --data plane.csv --target y --epochs 4 --restarts 3 --quiet --report r.html").status, 0);
  EXPECT_TRUE(charts("r.html").contains("members"));
  for (const char* name : {"restart 1", "restart 2", "restart 3"}) {
    EXPECT_EQ(curve("r.html", "members", name).size(), 4U) << name;
  }
  ASSERT_EQ(slalom("train --data plane.csv --target y --epochs 4 --folds 3 --quiet --report f.html").status, 0);
  EXPECT_EQ(curve("f.html", "members", "fold 3").size(), 4U);
  EXPECT_NE(read("f.html").find("Cross-validation: validation metrics over the folds"), std::string::npos);
}

TEST_F(Report, TellsOfTheGuard) {
  std::string csv = "x,y\n";
  TestNumbers numbers(3);
  for (int i = 0; i < 200; ++i) {
    const double x = numbers.next();
    csv += std::to_string(x) + "," + std::to_string(3.0 * x) + "\n";
  }
  write("line.csv", csv);
  const std::string wild = "train --data line.csv --target y --optimizer sgd --lr 40 --epochs 5 --quiet ";
  const Outcome guarded = slalom(wild + "--json --report g.html");
  ASSERT_EQ(guarded.status, 0) << guarded.err;
  const std::size_t acts = guarded.json().at("guard").size();
  ASSERT_GE(acts, 1U);
  EXPECT_EQ(spec("g.html", "loss").at("data").at(2).at("values").size(), acts);
  EXPECT_NE(read("g.html").find("1: guard: "), std::string::npos);

  const Outcome failed = slalom(wild + "--no-guard --report f.html --metrics f.jsonl");
  EXPECT_EQ(failed.status, 65);
  EXPECT_NE(own_part("f.html").find("The run failed and left no model: training diverged"), std::string::npos);
}

TEST_F(Report, IsWrittenForInterruptedAndResumedRuns) {
  const std::string epochs = std::to_string(30000 / kSlowdown);
  const std::string command = "train --data plane.csv --target y --threads 1 --device cpu --batch-size 2 --epochs " +
                              epochs + " --checkpoint-dir ck --metrics run.jsonl ";
  const Outcome stopped = shell("sh -c \"'" SLALOM_BINARY "' " + command +
                                "--quiet --report cut.html & "
                                "until [ -s run.jsonl ]; do sleep 0.02; done; kill -INT \\$!; wait \\$!\"");
  ASSERT_EQ(stopped.status, 130) << stopped.err;
  EXPECT_NE(own_part("cut.html").find("The run was interrupted"), std::string::npos);
  const Outcome rest = slalom(command + "--quiet --resume --report whole.html");
  ASSERT_EQ(rest.status, 0) << rest.err;
  const std::string page = own_part("whole.html");
  EXPECT_NE(page.find("The run went on from a checkpoint after epoch "), std::string::npos);
  EXPECT_NE(page.find(epochs + " epochs are too many to draw one by one"), std::string::npos);
  EXPECT_EQ(values("whole.html", "loss").at(0).at("epoch"), 1.0);  // what came before, too
}

TEST_F(Report, SaysThatTheModelCouldNotBeWritten) {
  const Outcome run =
      slalom("train --data plane.csv --target y --epochs 3 --quiet --out /dev/full --report r.html --metrics r.jsonl");
  EXPECT_EQ(run.status, 74);
  EXPECT_TRUE(run.err.starts_with("slalom: /dev/full: writing failed after ")) << run.err;
  EXPECT_EQ(count(run.err, "\n"), 1U) << run.err;
  EXPECT_EQ(charts("r.html"), (Ids{"loss", "metrics", "speed", "predicted", "residuals", "coefficients"}));
  EXPECT_NE(own_part("r.html").find("Training was done, but then this failed: /dev/full: writing failed after "),
            std::string::npos);
  ASSERT_EQ(slalom("report r.jsonl --out again.html --quiet").status, 0);
  EXPECT_NE(own_part("again.html").find("Training was done, but then this failed: /dev/full"), std::string::npos);
}

TEST_F(Report, ShowsWhatARunDidBeforeItFailed) {
  // The metrics log fails at the end of the first epoch.
  const Outcome run =
      slalom("train --data plane.csv --target y --epochs 3 --quiet --metrics /dev/full --report r.html");
  EXPECT_EQ(run.status, 74);
  EXPECT_EQ(run.err, "slalom: --metrics: /dev/full cannot be written (disk full?)\n");
  EXPECT_EQ(curve("r.html", "loss", "training").size(), 1U);
  const std::string page = own_part("r.html");
  EXPECT_NE(page.find("The run failed and left no model: --metrics: /dev/full cannot be written"), std::string::npos);
  EXPECT_NE(page.find("<th scope=\"row\">--epochs</th><td>3</td>"), std::string::npos);
}

TEST_F(Report, NeverHidesTheFirstError) {
  const Outcome run = slalom("train --data plane.csv --target y --epochs 3 --quiet --out /dev/full --report /dev/full");
  EXPECT_EQ(run.status, 74);
  EXPECT_EQ(count(run.err, "\n"), 2U) << run.err;
  EXPECT_TRUE(run.err.starts_with("note: /dev/full: writing failed after 0 bytes: ")) << run.err;  // the report
  EXPECT_NE(run.err.find("\nslalom: /dev/full: writing failed after "), std::string::npos) << run.err;
  EXPECT_EQ(run.err.find("slalom: /dev/full: writing failed after 0 "), std::string::npos) << "not the report's error";
}

TEST_F(Report, OfARunThatNeverBeganIsNotWritten) {
  write("r.html", "an older one");
  write("bad.csv", "x,y\n1,2\n3,oops\n");
  EXPECT_NE(
      slalom("train --data bad.csv --target y --loss mse --model linear --report r.html --metrics r.jsonl").status, 0);
  EXPECT_EQ(read("r.html"), "an older one");
  EXPECT_EQ(read("r.jsonl"), "");
}

TEST_F(Report, OfATuningIsWrittenEvenIfItsConfigurationCannotBe) {
  const Outcome run = slalom(
      "tune --data plane.csv --target y --epochs 3 --batch-sizes 8,32 --repeats 1 --measure-time 0.01 --devices cpu "
      "--quiet "
      "--out-config /dev/full --report t.html --metrics t.jsonl");
  EXPECT_EQ(run.status, 74);
  EXPECT_TRUE(run.err.starts_with("slalom: /dev/full: writing failed after ")) << run.err;
  EXPECT_EQ(charts("t.html"), (Ids{"batch", "rates", "trials", "noise"}));
  EXPECT_EQ(slalom("report t.jsonl --out again.html --quiet").status, 0);
}

TEST_F(Report, ComparesRuns) {
  ASSERT_EQ(slalom("train --data plane.csv --target y --epochs 4 --quiet --lr 0.1 --metrics a.jsonl").status, 0);
  ASSERT_EQ(slalom("train --data plane.csv --target y --epochs 6 --quiet --lr 0.01 --metrics b.jsonl").status, 0);
  const Outcome run = slalom("report a.jsonl b.jsonl --out both.html --quiet");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(charts("both.html"), (Ids{"valid-loss", "loss", "rate", "speed"}));
  EXPECT_EQ(curve("both.html", "loss", "a.jsonl"), logged("a.jsonl", "train_loss"));
  EXPECT_EQ(curve("both.html", "loss", "b.jsonl"), logged("b.jsonl", "train_loss"));
  const std::string page = own_part("both.html");
  EXPECT_NE(page.find("<th scope=\"row\">--lr</th><td>0.1</td><td>0.01</td>"), std::string::npos);
  EXPECT_NE(page.find("<th scope=\"row\">--epochs</th><td>4</td><td>6</td>"), std::string::npos);
  EXPECT_EQ(page.find("<th scope=\"row\">--seed</th>"), std::string::npos);  // the same in both
}

TEST_F(Report, ShowsATuning) {
  const std::string command =
      "tune --data plane.csv --target y --epochs 6 --batch-sizes 8,32 --repeats 1 --measure-time 0.01 --devices cpu ";
  const Outcome run = slalom(command + "--json --report t.html --metrics t.jsonl");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.out.find("report written to t.html\n"), std::string::npos);
  EXPECT_EQ(charts("t.html"), (Ids{"batch", "rates", "trials", "noise"}));
  const Json events = spec("t.html", "batch").at("data").at(2).at("values");
  ASSERT_EQ(events.size(), 1U);
  const auto best = run.json().at("recommended").get<std::size_t>();
  EXPECT_EQ(events[0].at("x"), run.json().at("rows").at(best).at("batch_size"));
  EXPECT_EQ(count(own_part("t.html"), "<td>recommended</td>"), 1U);
  ASSERT_EQ(slalom("report t.jsonl --out again.html").status, 0);
  EXPECT_EQ(charts("again.html"), charts("t.html"));
  expect_error("report t.jsonl t.jsonl --out two.html", 65,
               "t.jsonl: found the log of a tuning, expected only logs of slalom train to compare", "two.html");
}

TEST_F(Report, RefusesWhatIsNoLog) {
  write("text.jsonl", "hello\n");
  write("list.jsonl", "[1]\n");
  write("none.jsonl", "");
  write("other.jsonl", "{\"event\":\"weather\"}\n");
  write("newer.jsonl", "{\"event\":\"run\",\"format\":2}\n");
  write("member.jsonl", "{\"event\":\"epoch\",\"member\":-1}\n");
  const std::string made = " as slalom train --metrics writes";
  const std::pair<std::string, std::string> cases[] = {
      {"text.jsonl", "text.jsonl, line 1: found no JSON, expected an object" + made},
      {"list.jsonl", "list.jsonl, line 1: found no JSON object, expected one a line"},
      {"none.jsonl", "none.jsonl: found no epoch and no result, expected a metrics log" + made},
      {"other.jsonl", "other.jsonl: found no epoch and no result, expected a metrics log" + made},
      {"newer.jsonl", "newer.jsonl, line 1: found a log of format 2, expected at most 1: a newer slalom wrote it"},
      {"member.jsonl", "member.jsonl, line 1: found the member -1, expected a number from 0 to 9999"},
  };
  for (const auto& [file, message] : cases) expect_error("report " + file + " --out r.html", 65, message, "r.html");
  expect_error("report nowhere.jsonl --out r.html", 66, "nowhere.jsonl: cannot be opened", "r.html");
  expect_error("report text.jsonl --out text.jsonl", 64,
               "--out: text.jsonl is also the file of logs, expected another one", "r.html");
}

TEST_F(Report, ReadsLogsOfOlderVersionsAndOfKilledRuns) {
  write("old.jsonl",
        "{\"event\":\"epoch\",\"member\":0,\"epoch\":1,\"step\":3,\"lr\":0.1,\"train_loss\":2.5,\"seconds\":1}\n"
        "{\"event\":\"epoch\",\"member\":0,\"epoch\":2,\"step\":6,\"lr\":0.1,\"train_lo");
  const Outcome run = slalom("report old.jsonl --out r.html");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(curve("r.html", "loss", "training"), std::vector<double>{2.5});
  const std::string page = own_part("r.html");
  EXPECT_NE(page.find("The log has no result: "), std::string::npos);
  EXPECT_NE(page.find("The last line of the log was not written to its end"), std::string::npos);
  EXPECT_NE(page.find("The log does not say how the run was called"), std::string::npos);
}

TEST_F(Report, IsRefusedBeforeTraining) {
  const std::string train = "train --data plane.csv --target y --epochs 1000000000 --quiet ";
  EXPECT_EQ(slalom(train + "--report nowhere/r.html").status, 73);
  EXPECT_EQ(slalom("tune --data plane.csv --target y --report nowhere/r.html").status, 73);
  expect_error(train + "--report plane.csv", 64, "--report: plane.csv is also the file of --data, expected another one",
               "r.html");
  expect_error(train + "--metrics r --report r", 64, "--report: r is also the file of --metrics, expected another one",
               "r");
}

}  // namespace
}  // namespace slalom::testing
