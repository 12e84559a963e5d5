// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/command_line.h"

#include "config/cross_checks.h"
#include "config/option_table.h"
#include "config/parse.h"

namespace rat_memcache::config {
namespace {

// Walks over the arguments; takes the next one as the value of an option that wants one.
class Walker {
 public:
  Walker(const std::vector<std::string>& arguments, Parse* parse)
      : arguments_(arguments), parse_(parse) {}

  void Run() {
    while (at_ < arguments_.size() && !Done()) {
      const std::string_view argument = arguments_[at_++];
      if (argument == "--") break;
      if (argument.starts_with("--")) {
        Long(argument.substr(2));
      } else if (argument.starts_with('-') && argument.size() > 1) {
        Letters(argument.substr(1));
      } else if (!argument.empty()) {
        parse_->Warn("argument " + Quoted(argument) + " is no option and has no effect");
      }
    }
  }

 private:
  // A fault ends the walk, and so does --help: what stands behind it is not looked at.
  bool Done() const { return parse_->error || parse_->result.action != CommandLine::Action::kRun; }

  void Long(std::string_view text) {
    const size_t equals = text.find('=');
    const bool has_value = equals != std::string_view::npos;
    const Option* const option = FindName(text.substr(0, equals));
    if (option == nullptr) {
      return parse_->Fail("unknown option --" + std::string(text.substr(0, equals)) +
                              "; --help lists what there is",
                          1);
    }
    const std::string shown = "--" + std::string(option->name);
    if (option->value.empty()) {
      // memcached lets --verbose have a value and ignores it.
      if (has_value && option->letter != 'v') {
        return parse_->Fail("option " + shown + " takes no value; write " + shown + " alone", 1);
      }
      option->apply(parse_, {});
    } else if (has_value) {
      option->apply(parse_, text.substr(equals + 1));
    } else {
      ApplyNext(*option, shown);
    }
  }

  void Letters(std::string_view letters) {
    while (!letters.empty() && !Done()) {
      const std::string shown = {'-', letters[0]};
      const Option* const option = FindLetter(letters[0]);
      letters.remove_prefix(1);
      if (option == nullptr) {
        return parse_->Fail("unknown option " + shown + "; --help lists what there is", 1);
      }
      if (option->value.empty()) {
        option->apply(parse_, {});
      } else if (letters.empty()) {
        return ApplyNext(*option, shown);
      } else {
        return option->apply(parse_, letters);
      }
    }
  }

  void ApplyNext(const Option& option, const std::string& shown) {
    if (at_ == arguments_.size()) {
      return parse_->Fail(
          "option " + shown + " needs a value: " + shown + " " + std::string(option.value), 1);
    }
    option.apply(parse_, arguments_[at_++]);
  }

  const std::vector<std::string>& arguments_;
  Parse* const parse_;
  size_t at_ = 0;
};

}  // namespace

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                     const Features& features) {
  Parse parse{.features = features};
  Walker(arguments, &parse).Run();
  if (!parse.error && parse.result.action == CommandLine::Action::kRun) CheckTogether(&parse);
  if (parse.error) return *parse.error;
  return std::move(parse.result);
}

}  // namespace rat_memcache::config
