#pragma once

/// Tells ThreadSanitizer what it cannot see: Debian's libcaf is not instrumented, so that a
/// message's way through a mailbox looks like a race. Nothing in other builds.

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PERDURE_TSAN 1
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif
#endif

namespace perdure::runtime {

/// The last member of a mail: what stands before it in the mail, and all that was done before,
/// happens before whatever follows `received`.
class mail_stamp {
public:
  explicit mail_stamp(void* receiver = nullptr) : receiver_(receiver) { sent(); }
  mail_stamp(const mail_stamp& other) : receiver_(other.receiver_) { sent(); }
  mail_stamp& operator=(const mail_stamp&) = default;

  static void received([[maybe_unused]] void* receiver) {
#ifdef PERDURE_TSAN
    __tsan_acquire(receiver);
#endif
  }

private:
  void sent() const {
#ifdef PERDURE_TSAN
    if (receiver_) __tsan_release(receiver_);
#endif
  }

  void* receiver_;
};

}  // namespace perdure::runtime
