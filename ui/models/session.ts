/** Who is looking at the pages, and whether they must sign in first. @module */
import { computed, signal } from "@preact/signals";

export interface Session {
  user: string;
  scopes: readonly string[];
  auth: "on" | "off";
}

export interface SessionApi {
  /** The session, or null when nobody is signed in. */
  current(): Promise<Session | null>;
  signIn(user: string, password: string): Promise<Session>;
  signOut(): Promise<void>;
}

/** The state of signing in. Asks who is there at once. */
export function createSession(api: SessionApi) {
  const session = signal<Session | null>(null);
  const isAsked = signal(false);
  const error = signal<string | null>(null);
  const isBusy = signal(false);

  async function load(): Promise<void> {
    try {
      const found = await api.current();
      session.value = found;
      isAsked.value = found === null;
    } catch {
      // The server is away: the pages say so themselves.
      return;
    }
  }

  void load();
  return {
    session,
    error,
    isBusy,
    /** Whether the sign-in must be shown. */
    isNeeded: computed(() => isAsked.value),
    /** Called when the server refused a request because nobody is signed in. */
    demand() {
      session.value = null;
      isAsked.value = true;
    },
    async signIn(user: string, password: string): Promise<boolean> {
      if (isBusy.value) return false;
      isBusy.value = true;
      error.value = null;
      try {
        session.value = await api.signIn(user, password);
        isAsked.value = false;
        return true;
      } catch (caught) {
        error.value = (caught as Error).message;
        return false;
      } finally {
        isBusy.value = false;
      }
    },
    async signOut(): Promise<void> {
      await api.signOut();
      session.value = null;
      isAsked.value = true;
    },
  };
}

export type SessionModel = ReturnType<typeof createSession>;
