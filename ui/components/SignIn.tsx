/** The sign-in, shown instead of a page while nobody is signed in. @module */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { body, onUnauthenticated, RequestError, v1 } from "../api.ts";
import { createSession, type SessionModel } from "../models/session.ts";
import { Note } from "./parts.tsx";

let session: SessionModel | undefined;

/** The page's one session. */
export function useSession(): SessionModel {
  if (!session) {
    const made = createSession({
      async current() {
        try {
          return await body(v1.session.$get());
        } catch (error) {
          if (error instanceof RequestError && error.status === 401) return null;
          throw error;
        }
      },
      signIn: (user, password) => body(v1.session.$post({ json: { user, password } })),
      async signOut() {
        await body(v1.session.$delete());
      },
    });
    onUnauthenticated(() => made.demand());
    session = made;
  }
  return session;
}

export function SignIn({ session }: { session: SessionModel }) {
  const user = useSignal("");
  const password = useSignal("");
  useEffect(() => {
    document.title = "Sign in \u00b7 Tapebook";
  }, []);
  return (
    <form
      class="card sign-in"
      data-testid="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        void session.signIn(user.value, password.value);
      }}
    >
      <h1>Sign in</h1>
      <label class="field">
        <span>User</span>
        <input
          class="input"
          name="username"
          autocomplete="username"
          required
          autofocus
          value={user.value}
          data-testid="sign-in-user"
          onInput={(event) => user.value = event.currentTarget.value}
        />
      </label>
      <label class="field">
        <span>Password</span>
        <input
          class="input"
          type="password"
          name="password"
          autocomplete="current-password"
          required
          value={password.value}
          data-testid="sign-in-password"
          onInput={(event) => password.value = event.currentTarget.value}
        />
      </label>
      {session.error.value && <Note tone="bad" id="sign-in-error">{session.error.value}</Note>}
      <button
        type="submit"
        class="button primary"
        disabled={session.isBusy.value}
        data-testid="sign-in-submit"
      >
        Sign in
      </button>
    </form>
  );
}
