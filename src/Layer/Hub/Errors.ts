/** What can go wrong between a hub and a folder, each with what to do about it. */
import { Schema } from "effect"

/** No answer: no network, a wrong address, a hub that is down. */
export class HubUnreachable extends Schema.TaggedError<HubUnreachable>()("HubUnreachable", {
  endpoint: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The hub at ${this.endpoint} cannot be reached (${this.reason}). Check the network and the address (HF_ENDPOINT), or name a folder.`
  }
}

/** A repository that this user may not read. */
export class NoAccess extends Schema.TaggedError<NoAccess>()("NoAccess", { repo: Schema.String, signedIn: Schema.Boolean }) {
  override get message() {
    return this.signedIn
      ? `${this.repo} is gated, and the account of this token may not read it. Ask for access on its page.`
      : `${this.repo} is gated. Ask for access on its page, and give a token of that account (HF_TOKEN).`
  }
}

/** A token that is none. */
export class InvalidToken extends Schema.TaggedError<InvalidToken>()("InvalidToken", {
  repo: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The token is not accepted for ${this.repo}: ${this.reason}. Make a new one in the settings of the account, or leave it out (HF_TOKEN).`
  }
}

/** Something that the hub does not have, or does not show to this user. */
export class NotOnHub extends Schema.TaggedError<NotOnHub>()("NotOnHub", {
  repo: Schema.String,
  what: Schema.Literals(["repository", "revision", "file"]),
  name: Schema.String,
  /** The repository that was most likely meant. */
  suggestion: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    if (this.suggestion !== undefined)
      return `There is no folder "${this.name}", and names on the hub have an owner. Did you mean ${this.suggestion}?`
    return this.what === "repository"
      ? `There is no repository "${this.repo}" on the hub, and no folder of that name. A private one needs a token (HF_TOKEN).`
      : `${this.repo} has no ${this.what} "${this.name}" on the hub.`
  }
}

/** Any other answer than what was asked for. */
export class HubRefused extends Schema.TaggedError<HubRefused>()("HubRefused", { repo: Schema.String, reason: Schema.String }) {
  override get message() {
    return `The hub does not give ${this.repo}: ${this.reason}. Try again later.`
  }
}

/** A download that ended early. The partial file is stored, and the next download resumes from it. */
export class DownloadInterrupted extends Schema.TaggedError<DownloadInterrupted>()("DownloadInterrupted", {
  repo: Schema.String,
  file: Schema.String,
  /** **Unit**: bytes. */
  received: Schema.Number,
  size: Schema.Number,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file} of ${this.repo} came to ${this.received} of ${this.size} bytes (${this.reason}). Run it again: the download goes on from there.`
  }
}

/** A download whose hash differs from the hub's. The file is deleted. */
export class DownloadDamaged extends Schema.TaggedError<DownloadDamaged>()("DownloadDamaged", {
  repo: Schema.String,
  file: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `${this.file} of ${this.repo} has the hash ${this.found}, and the hub says ${this.expected}. Run it again: it is fetched anew.`
  }
}

/** Offline, and not fetched before. */
export class NotCached extends Schema.TaggedError<NotCached>()("NotCached", {
  repo: Schema.String,
  revision: Schema.String,
  cache: Schema.String
}) {
  override get message() {
    return `${this.repo} (${this.revision}) is not in ${this.cache}, and the hub is not asked (HF_HUB_OFFLINE). Fetch it once with the network, or name a folder.`
  }
}
