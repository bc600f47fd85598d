exports.hear = async (event) => ({ heard: event });
