#include <type_traits>
#include <utility>

#include "process/actions.h"

namespace perdure::process {

namespace {

struct refusal {
  const error& why;
  actions& out;

  void operator()(message& what) const {
    if (what.what) out.push_back(told{what.what, verdict::not_now, {{}, why}});
  }
  void operator()(activity_end& what) const {
    out.push_back(activity_not_now{what.life, what.activity, why});
  }
  void operator()(await_update& what) const {
    if (what.done) out.push_back(answer_caller{to_answerer(std::move(what.done), 0), why});
  }
  void operator()(describe& what) const {
    if (what.done) out.push_back(answer_description{0, nullptr, why, std::move(what.done)});
  }
  void operator()(wake& what) const {
    if (what.done) out.push_back(report_to{std::move(what.done), why});
  }
  template <class Note>
    requires std::is_constructible_v<note, Note> || std::is_same_v<Note, told>
  void operator()(Note&) const {}
  template <class Asked>
    requires requires(Asked& what) { answerer(std::move(what.done)); }
  void operator()(Asked& what) const {
    if (what.done) out.push_back(answer_caller{std::move(what.done), why});
  }
};

}  // namespace

void refuse(delivery& what, const error& why, actions& out) { std::visit(refusal{why, out}, what); }

}  // namespace perdure::process
