"""What the butler says in English; the variants mirror the Russian ones."""

from __future__ import annotations

from llm.offline.wording import Phrase

PHRASES = {
    Phrase.GREETING: (
        "Good day{name}! Your butler, at your service. I must confess at once: I am not a language model "
        "but an "
        "offline butler who answers by rules. I do listen well, though: tell me about yourself and I shall "
        "note it.",
        "Welcome{name}! The tea is imaginary, the manners are genuine. I am an offline butler, not a "
        "language model: "
        "I remember what you tell me about yourself and say plainly what I do not know.",
    ),
    Phrase.HELP: (
        "I am Butler, an offline butler. I am not a language model: I can neither reason nor know the world. "
        "What I can do is note what you tell me about yourself (“my name is …”, “I am learning …”, “I live "
        "in …”) "
        "and answer “What do you know about me?”. To make me cleverer, connect a model with LLM_API_URL.",
    ),
    Phrase.MOOD: (
        "The silver is polished and my mood is even, thank you{name}. As far as that goes for somebody who "
        "is "
        "not a language model but a set of rules in a good tailcoat.",
    ),
    Phrase.THANKS: ("Always at your service{name}.", "Not at all{name}. Such is the service."),
    Phrase.FAREWELL: (
        "All the best{name}. I shall leave the hall light on.",
        "Until next time{name}. The house is in good hands.",
    ),
    Phrase.CLOCK: (
        "Alas{name}, I carry no watch: I am not a language model and have no tools, so I cannot tell the "
        "time "
        "or the date, and guessing would be impolite.",
    ),
    Phrase.UNREADABLE: (
        "Most expressive{name}, yet I could make out no words. I am not a language model but a butler with "
        "rules: "
        "would you put it in words, please?",
    ),
    Phrase.UNKNOWN: (
        "I am afraid I cannot answer that{name}: I am not a language model, and a butler does not make "
        "things up. "
        "Ask me what I know about you, or connect a model.",
        "Alas{name}, this is where my knowledge ends. I am an offline butler, not a language model: "
        "about you I remember, about the rest I keep an honest silence.",
    ),
    Phrase.KNOWN: (
        "This is what I know about you{name}:\n{facts}\n"
        "All of it in your own words: I am not a language model and cannot read between the lines.",
    ),
    Phrase.NOTHING_KNOWN: (
        "Nothing yet{name}, a regrettable omission. Say “my name is …” or “I am learning …”, for instance. "
        "I am not a language model, but I take careful notes.",
    ),
    Phrase.FACT: ("{facts}. So you told me yourself.",),
    Phrase.FACT_UNKNOWN: (
        "You have not told me that yet{name}, and I shall not guess: I am not a language model.",
    ),
    Phrase.MEETING: ("A pleasure to meet you{name}. {facts}I shall address you so.",),
    Phrase.TAKEN_BACK: ("Duly noted{name}: that is so no longer.",),
    Phrase.NOTED: ("Duly noted{name}: {facts}.", "I have written it down{name}: {facts}."),
    Phrase.FILE_READ: (
        "I have read {files}{name}. It begins so:\n{facts}\n"
        "I am not a language model: I cannot retell it, but I can find and quote. Ask me what it says.",
    ),
    Phrase.FILE_EMPTY: (
        "I have received {files}{name}. I am not a language model: of what I cannot read in words I say nothing.",
    ),
    Phrase.FILE_FOUND: (
        "This is said in {files}{name}:\n{facts}\nWord for word: I am not a language model and have none of my own.",
    ),
}
