/** Tracks that share one y-scale: each tells its own largest value, all draw to the largest of the group. */
export class ScaleGroups<Member extends { rescaled(top: number): void }> {
  readonly #groups = new Map<string, Map<Member, number>>()

  /** The top of the group with this member's own largest value; the others are told when it moved. */
  report(group: string, member: Member, own: number): number {
    const members = this.#groups.get(group) ?? new Map<Member, number>()
    this.#groups.set(group, members)
    const before = topOf(members)
    members.set(member, own)
    return this.#tell(members, before, member)
  }

  leave(group: string, member: Member): void {
    const members = this.#groups.get(group)
    if (!members?.has(member)) return
    const before = topOf(members)
    members.delete(member)
    if (members.size === 0) this.#groups.delete(group)
    else this.#tell(members, before, member)
  }

  #tell(members: ReadonlyMap<Member, number>, before: number, except: Member): number {
    const top = topOf(members)
    if (top !== before) for (const other of members.keys()) if (other !== except) other.rescaled(top)
    return top
  }
}

const topOf = (members: ReadonlyMap<unknown, number>) => Math.max(0, ...members.values())
